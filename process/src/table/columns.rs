//! Which columns of a table are the case, the activity and the time.

/// Names of columns, letters and digits only, the most telling first.
const CASE: &[&str] = &[
    "caseconceptname",
    "caseid",
    "case",
    "casename",
    "casenumber",
    "caseno",
    "casekey",
    "traceid",
    "trace",
    "tracename",
    "processinstanceid",
    "processinstance",
    "instanceid",
    "ocelobjectid",
];
const ACTIVITY: &[&str] = &[
    "conceptname",
    "activity",
    "activityname",
    "activitylabel",
    "ocelactivity",
    "task",
    "taskname",
    "eventname",
    "event",
    "step",
    "activityid",
    "eventtype",
];
const TIME: &[&str] = &[
    "timetimestamp",
    "timestamp",
    "completetimestamp",
    "endtimestamp",
    "oceltimestamp",
    "eventtimestamp",
    "eventtime",
    "datetime",
    "time",
    "completetime",
    "completiontime",
    "endtime",
    "enddate",
    "date",
    "starttimestamp",
    "starttime",
    "startdate",
];
const RESOURCE: &[&str] = &["orgresource", "resource", "user", "username", "originator"];
const TRANSITION: &[&str] = &["lifecycletransition", "lifecycle", "transition"];

/// Names of columns that somebody says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnNames {
    /// Of case ids.
    pub case: Option<String>,
    /// Of activities.
    pub activity: Option<String>,
    /// Of times.
    pub time: Option<String>,
}

/// The columns that a log is read from, by their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// Of case ids.
    pub case: String,
    /// Of activities.
    pub activity: String,
    /// Of times, if there is one.
    pub time: Option<String>,
    /// Of resources, if there is one.
    pub resource: Option<String>,
    /// Of steps of an activity's lifecycle, if there is one.
    pub transition: Option<String>,
}

/// Places of the columns in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub(super) case: usize,
    pub(super) activity: usize,
    pub(super) time: Option<usize>,
    pub(super) resource: Option<usize>,
    pub(super) transition: Option<usize>,
}

/// Finds the columns: those that are said, the others by their usual names; or says what is missing.
pub(super) fn find(header: &[String], said: &ColumnNames) -> Result<(Places, Columns), String> {
    let case = wanted(header, said.case.as_deref(), CASE)?.ok_or_else(|| none(header, "case", "--case-column"))?;
    let activity = wanted(header, said.activity.as_deref(), ACTIVITY)?
        .ok_or_else(|| none(header, "activity", "--activity-column"))?;
    let taken = |at: &usize| *at != case && *at != activity;
    let time = wanted(header, said.time.as_deref(), TIME)?;
    let places = Places {
        case,
        activity,
        time,
        resource: usual(header, RESOURCE).filter(taken),
        transition: usual(header, TRANSITION).filter(taken),
    };
    let name = |at: usize| header.get(at).cloned().unwrap_or_default();
    let columns = Columns {
        case: name(case),
        activity: name(activity),
        time: time.map(name),
        resource: places.resource.map(name),
        transition: places.transition.map(name),
    };
    Ok((places, columns))
}

fn wanted(header: &[String], said: Option<&str>, usually: &[&str]) -> Result<Option<usize>, String> {
    let Some(said) = said else { return Ok(usual(header, usually)) };
    let exact = header.iter().position(|name| name == said);
    let near = || header.iter().position(|name| plain(name) == plain(said));
    match exact.or_else(near) {
        Some(at) => Ok(Some(at)),
        None => Err(format!("there is no column {said:?}; its columns are {}", listed(header))),
    }
}

/// The column with the most telling of some names, the first one of equal ones.
fn usual(header: &[String], names: &[&str]) -> Option<usize> {
    names.iter().find_map(|wanted| header.iter().position(|name| plain(name) == *wanted))
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn none(header: &[String], what: &str, flag: &str) -> String {
    format!("no column is called as one of the {what} is; name it with {flag}: its columns are {}", listed(header))
}

fn listed(header: &[String]) -> String {
    let mut names: Vec<String> = header.iter().take(20).map(|name| format!("{name:?}")).collect();
    names.extend((header.len() > 20).then(|| "...".to_owned()));
    names.join(", ")
}
