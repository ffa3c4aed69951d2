//! Views of an intended model: who may do what, when. Lifecycles as plain data, which each format draws.

mod dot;
mod mermaid;
mod svg;
mod xstate;

use serde::Serialize;

use crate::model::{Activity, Constraint, Lifecycle, Model};

pub use dot::dot;
pub use mermaid::mermaid;
pub use svg::svg;
pub use xstate::xstate;

/// The part of a model that people decide about.
#[derive(Clone, Debug, Serialize)]
pub struct Intended {
    /// Version of this document's form.
    pub schema_version: &'static str,
    /// `workflow.id`.
    pub id: String,
    /// `workflow.version`.
    pub version: String,
    /// `workflow.owner`.
    pub owner: Option<String>,
    /// Whether nobody has reviewed it yet.
    pub draft: bool,
    /// SHA-256 of the file.
    pub hash: String,
    /// Lives, in the model's order.
    pub lifecycles: Vec<Life>,
    /// Business steps.
    pub activities: Vec<Step>,
    /// What no single life can say.
    pub constraints: Vec<Demand>,
    /// What software may do for people: name, and each entry as its dotted key and value.
    pub delegations: Vec<(String, Vec<(String, String)>)>,
}

/// The life of an object type.
#[derive(Clone, Debug, Serialize)]
pub struct Life {
    /// The object type.
    pub object_type: String,
    /// Its states.
    pub states: Vec<LifeState>,
    /// Its transitions.
    pub transitions: Vec<Way>,
}

/// A state.
#[derive(Clone, Debug, Serialize)]
pub struct LifeState {
    /// Its name.
    pub name: String,
    /// Before the object exists.
    pub initial: bool,
    /// Nothing follows.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// Reaching it by a wrong way is graver.
    pub restricted: bool,
}

/// A transition.
#[derive(Clone, Debug, Serialize)]
pub struct Way {
    /// The step that makes it.
    pub activity: String,
    /// Numbers of the states that it may start from.
    pub from: Vec<usize>,
    /// Number of the state it leads to.
    pub to: usize,
    /// Who may, in the model's words; empty for anybody.
    pub by: Vec<String>,
    /// Kind of actor that must do it.
    pub kind: Option<String>,
    /// Who may, for a reader.
    pub who: String,
    /// Guard, time and number, for a reader.
    pub terms: String,
    /// Guard.
    pub when: Option<String>,
    /// At most once in a life.
    pub once: bool,
}

/// An activity.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// Its name.
    pub activity: String,
    /// Calls that perform it.
    pub calls: Vec<String>,
    /// Object types that it touches.
    pub objects: Vec<String>,
    /// It never moves a state.
    pub read: bool,
}

/// A constraint.
#[derive(Clone, Debug, Serialize)]
pub struct Demand {
    /// Its id.
    pub id: String,
    /// What it demands, in words.
    pub demand: String,
    /// How grave a breach is, where the model says it.
    pub severity: Option<&'static str>,
}

impl Intended {
    /// What a model says; `delegations` as [`crate::model::delegations`] reads them off its text.
    pub fn of(model: &Model, delegations: Vec<(String, Vec<(String, String)>)>) -> Intended {
        Intended {
            schema_version: "1",
            id: model.id.to_string(),
            version: model.version.to_string(),
            owner: model.owner.as_ref().map(ToString::to_string),
            draft: model.draft,
            hash: model.hash.clone(),
            lifecycles: model.lifecycles.iter().map(|lifecycle| life(model, lifecycle)).collect(),
            activities: model.activities.iter().map(|activity| step(model, activity)).collect(),
            constraints: model.constraints.iter().map(|constraint| demand(model, constraint)).collect(),
            delegations,
        }
    }
}

fn life(model: &Model, lifecycle: &Lifecycle) -> Life {
    let states = lifecycle.states.iter().enumerate().map(|(number, state)| LifeState {
        name: state.name.to_string(),
        initial: number == lifecycle.initial,
        is_final: state.final_state,
        restricted: state.restricted,
    });
    let transitions = lifecycle.transitions.iter().map(|transition| Way {
        activity: model.activity_name(transition.activity).to_string(),
        from: transition.from.clone(),
        to: transition.to,
        by: transition.by.iter().map(ToString::to_string).collect(),
        kind: transition.kind.as_ref().map(ToString::to_string),
        who: transition.who(),
        terms: transition.terms(model),
        when: transition.when.as_ref().map(|when| when.text.to_string()),
        once: transition.once,
    });
    Life {
        object_type: model.type_name(lifecycle.object_type).to_string(),
        states: states.collect(),
        transitions: transitions.collect(),
    }
}

fn step(model: &Model, activity: &Activity) -> Step {
    Step {
        activity: activity.name.to_string(),
        calls: activity.calls(),
        objects: activity.objects.iter().map(|object| model.type_name(object.object_type).to_string()).collect(),
        read: activity.read,
    }
}

fn demand(model: &Model, constraint: &Constraint) -> Demand {
    Demand {
        id: constraint.id.to_string(),
        demand: model.demand(constraint),
        severity: constraint.severity.map(|severity| severity.as_str()),
    }
}

impl Life {
    /// Name of a state by its number.
    pub fn state(&self, number: usize) -> &str {
        self.states.get(number).map_or("?", |state| &state.name)
    }
}

impl Way {
    /// The lines beside an arrow: step, who, terms.
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.activity.clone()];
        lines.extend((self.who != "anybody").then(|| self.who.clone()));
        lines.extend((!self.terms.is_empty()).then(|| format!("[{}]", self.terms)));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and guards with everything that a format may trip over.
    fn hostile() -> Intended {
        let text = "offpath: 1\nworkflow: {id: 'x\"<&>;#\\', version: 1}\nobjects: {order: {key: path.o, state: res.s}}\n\
            activities:\n  make: {http: \"POST /o/{o}\", object: order}\n  pay: {http: \"POST /o/{o}/pay\", object: order}\n\
            lifecycles:\n  order:\n    states: {none: initial, 'a \"b\" <c>; #1 -->': {}, '[*]': final, 'a.b': restricted}\n    \
            transitions:\n      - {activity: make, from: none, to: 'a \"b\" <c>; #1 -->', by: ['x\\y']}\n      \
            - {activity: pay, from: 'a \"b\" <c>; #1 -->', to: '[*]', when: \"req.n == '<script>'\"}\n      \
            - {activity: pay, from: 'a \"b\" <c>; #1 -->', to: 'a.b'}\n      \
            - {activity: pay, from: 'a.b', to: 'a.b', by: [x]}\n      - {activity: make, from: 'a.b', to: 'a.b'}\n";
        let (model, _) = Model::read("m.yaml", text).unwrap_or_else(|found| panic!("{found}"));
        Intended::of(&model, Vec::new())
    }

    #[test]
    fn mermaid_names_states_by_ids_and_spells_marks_out() {
        let text = mermaid(&hostile().lifecycles);
        assert!(text.starts_with("stateDiagram-v2\n"), "{text}");
        assert!(text.contains("[*] --> order_s0") && text.contains("order_s2 --> [*]"), "{text}");
        let transitions = text.lines().filter(|line| line.contains("order_s") && line.contains(" : "));
        for line in transitions {
            let (_, label) = line.split_once(" : ").unwrap();
            let decoded = label.replace("#59;", "").replace("#35;", "");
            let bare: String =
                decoded.split('#').map(|part| part.split_once(';').map_or(part, |(_, rest)| rest)).collect();
            assert!(!bare.contains([':', ';', '<', '"']), "{line}");
        }
    }

    #[test]
    fn dot_quotes_every_name() {
        let text = dot(&hostile());
        assert!(text.contains(r#"label="a \"b\" <c>; #1 -->""#), "{text}");
        assert!(text.contains(r"x\\y"), "{text}");
        let quotes = text.replace(r"\\", "").replace("\\\"", "");
        assert_eq!(quotes.matches('"').count() % 2, 0, "{text}");
    }

    #[test]
    fn svg_escapes_and_loads_nothing() {
        let text = svg(&hostile()).unwrap();
        assert!(!text.contains("<script") && !text.contains("href"), "{text}");
        assert_eq!(text.matches("http").count(), 1, "the name of SVG itself alone");
        assert!(text.contains("&lt;script&gt;") && text.contains("a &quot;b&quot;"), "{text}");
        assert!(open_elements(&text).is_empty(), "every element is closed");
    }

    /// Elements that are open at the end of a document.
    fn open_elements(text: &str) -> Vec<String> {
        let mut open = Vec::new();
        for tag in text.split('<').skip(1).filter(|tag| !tag.starts_with('?')) {
            let (tag, _) = tag.split_once('>').unwrap();
            let name = |tag: &str| tag.split([' ', '/']).next().unwrap().to_owned();
            match tag.strip_prefix('/') {
                Some(closed) => assert_eq!(open.pop(), Some(closed.to_owned()), "{text}"),
                None if tag.ends_with('/') => {}
                None => open.push(name(tag)),
            }
        }
        open
    }

    /// Steps of a life, by names.
    fn steps(life: &Life) -> Vec<(String, String, String)> {
        let step = |way: &Way, from: usize| {
            let name = |state: usize| life.state(state).replace(['.', '#'], "_");
            (name(from), way.activity.clone(), name(way.to))
        };
        let mut all: Vec<_> =
            life.transitions.iter().flat_map(|way| way.from.iter().map(move |from| step(way, *from))).collect();
        all.sort();
        all.dedup();
        all
    }

    #[test]
    fn machines_of_xstate_come_back_as_they_went() {
        let mut seen = 0;
        for text in crate::model::starter::Kind::ALL.map(crate::model::starter::text) {
            let (model, _) = Model::read("m.yaml", text).unwrap_or_else(|found| panic!("{found}"));
            let intended = Intended::of(&model, Vec::new());
            for life in &intended.lifecycles {
                let one = Intended { lifecycles: vec![life.clone()], ..intended.clone() };
                let machine = serde_json::to_string_pretty(&xstate(&one)).unwrap();
                let back = crate::model::import("m.json", &machine, &mut |_| Err(String::new())).unwrap();
                let (model, _) =
                    Model::read("m.yaml", &back.text).unwrap_or_else(|found| panic!("{found}\n{}", back.text));
                let back = Intended::of(&model, Vec::new());
                assert_eq!(steps(&back.lifecycles[0]), steps(life), "{machine}");
                let ends = |life: &Life| life.states.iter().filter(|state| state.is_final).count();
                assert_eq!(ends(&back.lifecycles[0]), ends(life), "{machine}");
                seen += 1;
            }
        }
        assert!(seen >= 6);
    }

    #[test]
    fn xstate_targets_are_ids_of_states() {
        let machine = xstate(&hostile());
        let states = machine["states"].as_object().unwrap();
        assert_eq!(machine["initial"].as_str().map(|key| states.contains_key(key)), Some(true));
        let ids: Vec<&str> = states.values().map(|state| state["id"].as_str().unwrap()).collect();
        let mut targets = 0;
        for (key, state) in states {
            assert!(!key.contains('.'), "{key}");
            for taken in state["on"].as_object().into_iter().flatten().flat_map(|(_, to)| to.as_array().unwrap()) {
                let target = taken["target"].as_str().unwrap().strip_prefix('#').unwrap();
                assert!(ids.contains(&target), "{target}");
                targets += 1;
            }
            assert!(state["type"] != "final" || state.get("on").is_none(), "a final state has no way out");
        }
        assert_eq!(targets, 5);
    }
}
