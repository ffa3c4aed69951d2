//! The tool, its rules and the public lists that they refer to.

use serde::Serialize;

use super::location::Message;
use crate::model::Severity;
use crate::rule::{self, Rule, taxonomy};

#[derive(Serialize)]
pub(super) struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    version: String,
    semantic_version: String,
    rules: Vec<Descriptor>,
    supported_taxonomies: Vec<ComponentReference>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    name: &'static str,
    short_description: Message,
    full_description: Message,
    help: Help,
    default_configuration: Configuration,
    relationships: Vec<Relationship>,
    properties: RuleProperties,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Relationship {
    target: Reference,
    kinds: [&'static str; 1],
}

#[derive(Serialize)]
struct RuleProperties {
    tags: [&'static str; 2],
    /// The key under which code-scanning services look for a score of 0 to 10, as text.
    #[serde(rename = "security-severity")]
    security_severity: &'static str,
}

/// Points to an entry of a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reference {
    id: &'static str,
    index: usize,
    tool_component: ComponentReference,
}

#[derive(Serialize)]
struct ComponentReference {
    name: &'static str,
    index: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invocation {
    pub(super) execution_successful: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Taxonomy {
    name: &'static str,
    version: &'static str,
    organization: &'static str,
    short_description: Message,
    taxa: Vec<Taxon>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Taxon {
    id: &'static str,
    short_description: Message,
}

pub(super) fn tool(version: &str) -> Tool {
    let supported =
        taxonomy::LISTS.iter().enumerate().map(|(index, list)| ComponentReference { name: list.key, index });
    Tool {
        driver: Driver {
            name: "offpath",
            version: version.to_owned(),
            semantic_version: version.to_owned(),
            rules: rule::catalogue().iter().copied().map(descriptor).collect(),
            supported_taxonomies: supported.collect(),
        },
    }
}

pub(super) fn taxonomies() -> Vec<Taxonomy> {
    let taxon = |(id, name): &(&'static str, &'static str)| Taxon {
        id,
        short_description: Message { text: (*name).to_owned() },
    };
    let taxonomy = |list: &'static taxonomy::List| Taxonomy {
        name: list.key,
        version: list.version,
        organization: list.organization,
        short_description: Message { text: list.name.to_owned() },
        taxa: list.entries.iter().map(taxon).collect(),
    };
    taxonomy::LISTS.iter().map(taxonomy).collect()
}

/// The place of an id in `run.taxonomies`.
pub(super) fn reference(id: &str) -> Option<Reference> {
    taxonomy::LISTS.iter().enumerate().find_map(|(component, list)| {
        let (index, (id, _)) = list.entries.iter().enumerate().find(|(_, (entry, _))| *entry == id)?;
        Some(Reference { id, index, tool_component: ComponentReference { name: list.key, index: component } })
    })
}

/// SARIF's word for a severity.
pub(super) fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

fn descriptor(rule: &'static Rule) -> Descriptor {
    let page = rule.page();
    let finds = page.split("\n## ").find_map(|part| part.strip_prefix("What it finds\n")).unwrap_or(rule.title);
    Descriptor {
        id: rule.id,
        name: rule.title,
        short_description: Message { text: format!("{}.", rule.title) },
        full_description: Message { text: finds.split_whitespace().collect::<Vec<_>>().join(" ") },
        help: Help { text: page.clone(), markdown: page },
        default_configuration: Configuration { level: level(rule.severity) },
        relationships: rule
            .taxonomy
            .iter()
            .filter_map(|id| reference(id))
            .map(|target| Relationship { target, kinds: ["relevant"] })
            .collect(),
        properties: RuleProperties { tags: ["security", "api-workflow"], security_severity: score(rule.severity) },
    }
}

/// The middle of each severity's band of CVSS scores, as services show it.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}
