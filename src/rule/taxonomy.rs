//! The public lists that rules refer to, each pinned to one version.

use std::collections::BTreeMap;

/// A public list of weaknesses, threats, techniques or controls.
#[derive(Debug)]
pub struct List {
    /// Key in a finding's `taxonomy`, e.g. `owasp_api`.
    pub key: &'static str,
    /// Its full name.
    pub name: &'static str,
    /// Who publishes it.
    pub organization: &'static str,
    /// The version that ids refer to.
    pub version: &'static str,
    /// Ids in use with their names, sorted by id.
    pub entries: &'static [(&'static str, &'static str)],
}

/// Every list, sorted by key.
pub static LISTS: &[List] = &[
    List {
        key: "agentic_threats",
        name: "OWASP Agentic AI Threats and Mitigations",
        organization: "OWASP",
        version: "1.1",
        entries: &[
            ("ag:T10", "Overwhelming Human-in-the-Loop"),
            ("ag:T12", "Agent Communication Poisoning"),
            ("ag:T15", "Human Manipulation"),
            ("ag:T2", "Tool Misuse"),
            ("ag:T3", "Privilege Compromise"),
            ("ag:T6", "Intent Breaking & Goal Manipulation"),
            ("ag:T8", "Repudiation & Untraceability"),
            ("ag:T9", "Identity Spoofing & Impersonation"),
        ],
    },
    List {
        key: "asi",
        name: "OWASP Top 10 for Agentic Applications",
        organization: "OWASP",
        version: "2026",
        entries: &[
            ("ASI02", "Tool Misuse and Exploitation"),
            ("ASI03", "Identity and Privilege Abuse"),
            ("ASI04", "Agentic Supply Chain Vulnerabilities"),
            ("ASI07", "Insecure Inter-Agent Communication"),
            ("ASI08", "Cascading Failures"),
            ("ASI09", "Human-Agent Trust Exploitation"),
            ("ASI10", "Rogue Agents"),
        ],
    },
    List {
        key: "attack",
        name: "MITRE ATT&CK",
        organization: "MITRE",
        version: "18.1",
        entries: &[
            ("T1078", "Valid Accounts"),
            ("T1110.004", "Credential Stuffing"),
            ("T1119", "Automated Collection"),
            ("T1199", "Trusted Relationship"),
            ("T1484", "Domain or Tenant Policy Modification"),
            ("T1496.004", "Cloud Service Hijacking"),
            ("T1528", "Steal Application Access Token"),
            ("T1539", "Steal Web Session Cookie"),
            ("T1550.001", "Application Access Token"),
            ("T1562.008", "Disable or Modify Cloud Logs"),
            ("T1565.002", "Transmitted Data Manipulation"),
            ("T1565.003", "Runtime Data Manipulation"),
            ("T1567", "Exfiltration Over Web Service"),
            ("T1657", "Financial Theft"),
        ],
    },
    List {
        key: "bla",
        name: "OWASP Top 10 for Business Logic Abuse",
        organization: "OWASP",
        version: "2025 (388ff7a)",
        entries: &[
            ("BLA1", "Lifecycle & Orphaned Transitions Flaws"),
            ("BLA10", "Resource Quota Violations"),
            ("BLA2", "Logic Bomb, Loops and Halting Issues"),
            ("BLA4", "Sequential State Bypass"),
            ("BLA5", "Data Oracle Exposure"),
            ("BLA6", "Missing Roles and Permission Checks"),
            ("BLA7", "Transition Validation Flaw"),
            ("BLA8", "Replays of Idempotency Operations"),
            ("BLA9", "Race Condition and Concurrency Issues"),
        ],
    },
    List {
        key: "cwe",
        name: "Common Weakness Enumeration",
        organization: "MITRE",
        version: "4.14",
        entries: &[
            ("CWE-1068", "Inconsistency Between Implementation and Documented Design"),
            ("CWE-1188", "Initialization of a Resource with an Insecure Default"),
            ("CWE-1284", "Improper Validation of Specified Quantity in Input"),
            ("CWE-200", "Exposure of Sensitive Information to an Unauthorized Actor"),
            ("CWE-223", "Omission of Security-relevant Information"),
            ("CWE-250", "Execution with Unnecessary Privileges"),
            ("CWE-269", "Improper Privilege Management"),
            ("CWE-272", "Least Privilege Violation"),
            ("CWE-284", "Improper Access Control"),
            ("CWE-294", "Authentication Bypass by Capture-replay"),
            ("CWE-307", "Improper Restriction of Excessive Authentication Attempts"),
            ("CWE-308", "Use of Single-factor Authentication"),
            ("CWE-319", "Cleartext Transmission of Sensitive Information"),
            ("CWE-345", "Insufficient Verification of Data Authenticity"),
            ("CWE-347", "Improper Verification of Cryptographic Signature"),
            ("CWE-362", "Concurrent Execution using Shared Resource with Improper Synchronization"),
            ("CWE-367", "Time-of-check Time-of-use Race Condition"),
            ("CWE-372", "Incomplete Internal State Distinction"),
            ("CWE-425", "Direct Request ('Forced Browsing')"),
            ("CWE-441", "Unintended Proxy or Intermediary ('Confused Deputy')"),
            ("CWE-472", "External Control of Assumed-Immutable Web Parameter"),
            ("CWE-522", "Insufficiently Protected Credentials"),
            ("CWE-598", "Use of GET Request Method With Sensitive Query Strings"),
            ("CWE-602", "Client-Side Enforcement of Server-Side Security"),
            ("CWE-613", "Insufficient Session Expiration"),
            ("CWE-636", "Not Failing Securely ('Failing Open')"),
            ("CWE-639", "Authorization Bypass Through User-Controlled Key"),
            ("CWE-642", "External Control of Critical State Data"),
            ("CWE-653", "Improper Isolation or Compartmentalization"),
            ("CWE-654", "Reliance on a Single Factor in a Security Decision"),
            ("CWE-672", "Operation on a Resource after Expiration or Release"),
            ("CWE-674", "Uncontrolled Recursion"),
            ("CWE-696", "Incorrect Behavior Order"),
            ("CWE-755", "Improper Handling of Exceptional Conditions"),
            ("CWE-770", "Allocation of Resources Without Limits or Throttling"),
            ("CWE-778", "Insufficient Logging"),
            ("CWE-799", "Improper Control of Interaction Frequency"),
            ("CWE-835", "Loop with Unreachable Exit Condition ('Infinite Loop')"),
            ("CWE-837", "Improper Enforcement of a Single, Unique Action"),
            ("CWE-841", "Improper Enforcement of Behavioral Workflow"),
            ("CWE-862", "Missing Authorization"),
            ("CWE-863", "Incorrect Authorization"),
            ("CWE-912", "Hidden Functionality"),
            ("CWE-915", "Improperly Controlled Modification of Dynamically-Determined Object Attributes"),
            ("CWE-923", "Improper Restriction of Communication Channel to Intended Endpoints"),
        ],
    },
    List {
        key: "llm",
        name: "OWASP Top 10 for LLM Applications",
        organization: "OWASP",
        version: "2025",
        entries: &[("LLM06", "Excessive Agency")],
    },
    List {
        key: "nhi",
        name: "OWASP Non-Human Identities Top 10",
        organization: "OWASP",
        version: "2025",
        entries: &[
            ("NHI10", "Human Use of NHI"),
            ("NHI2", "Secret Leakage"),
            ("NHI3", "Vulnerable Third-Party NHI"),
            ("NHI5", "Overprivileged NHI"),
            ("NHI7", "Long-Lived Secrets"),
            ("NHI8", "Environment Isolation"),
            ("NHI9", "NHI Reuse"),
        ],
    },
    List {
        key: "nist",
        name: "NIST SP 800-53",
        organization: "NIST",
        version: "Revision 5",
        entries: &[
            ("AC-2", "Account Management"),
            ("AC-3", "Access Enforcement"),
            ("AC-4", "Information Flow Enforcement"),
            ("AC-5", "Separation of Duties"),
            ("AC-6", "Least Privilege"),
            ("AU-10", "Non-repudiation"),
            ("AU-12", "Audit Record Generation"),
            ("AU-2", "Event Logging"),
            ("AU-3", "Content of Audit Records"),
            ("AU-8", "Time Stamps"),
            ("CA-7", "Continuous Monitoring"),
            ("CM-3", "Configuration Change Control"),
            ("CM-5", "Access Restrictions for Change"),
            ("IA-5", "Authenticator Management"),
            ("IA-9", "Service Identification and Authentication"),
            ("IR-4", "Incident Handling"),
            ("SA-9", "External System Services"),
            ("SC-5", "Denial-of-service Protection"),
            ("SC-7", "Boundary Protection"),
            ("SC-8", "Transmission Confidentiality and Integrity"),
            ("SI-10", "Information Input Validation"),
            ("SI-4", "System Monitoring"),
        ],
    },
    List {
        key: "oat",
        name: "OWASP Automated Threats to Web Applications",
        organization: "OWASP",
        version: "1.2",
        entries: &[
            ("OAT-001", "Carding"),
            ("OAT-005", "Scalping"),
            ("OAT-006", "Expediting"),
            ("OAT-007", "Credential Cracking"),
            ("OAT-008", "Credential Stuffing"),
            ("OAT-011", "Scraping"),
            ("OAT-012", "Cashing Out"),
            ("OAT-019", "Account Creation"),
            ("OAT-021", "Denial of Inventory"),
        ],
    },
    List {
        key: "owasp_api",
        name: "OWASP API Security Top 10",
        organization: "OWASP",
        version: "2023",
        entries: &[
            ("API1", "Broken Object Level Authorization"),
            ("API10", "Unsafe Consumption of APIs"),
            ("API2", "Broken Authentication"),
            ("API3", "Broken Object Property Level Authorization"),
            ("API4", "Unrestricted Resource Consumption"),
            ("API5", "Broken Function Level Authorization"),
            ("API6", "Unrestricted Access to Sensitive Business Flows"),
            ("API8", "Security Misconfiguration"),
            ("API9", "Improper Inventory Management"),
        ],
    },
];

/// The list that holds an id.
pub fn list_of(id: &str) -> Option<&'static List> {
    LISTS.iter().find(|list| list.entries.iter().any(|(entry, _)| *entry == id))
}

/// Groups ids by the key of their list; each group is sorted and without doubles.
pub fn grouped<'a>(ids: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, Vec<String>> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for id in ids {
        if let Some(list) = list_of(id) {
            let group = groups.entry(list.key.to_owned()).or_default();
            if let Err(place) = group.binary_search_by(|held| held.as_str().cmp(id)) {
                group.insert(place, id.to_owned());
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_ids_are_sorted_and_unique() {
        assert!(LISTS.is_sorted_by(|a, b| a.key < b.key));
        let mut ids: Vec<&str> = Vec::new();
        for list in LISTS {
            assert!(list.entries.is_sorted_by(|a, b| a.0 < b.0), "{} is not sorted", list.key);
            ids.extend(list.entries.iter().map(|(id, _)| *id));
        }
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "an id is in two lists");
    }

    #[test]
    fn ids_group_by_list() {
        let groups = grouped(["CWE-841", "API6", "CWE-696", "CWE-841"]);
        assert_eq!(groups["cwe"], ["CWE-696", "CWE-841"]);
        assert_eq!(groups["owasp_api"], ["API6"]);
    }

    #[test]
    fn every_id_in_the_lists_is_used_by_a_rule() {
        let used: Vec<&str> =
            crate::rule::catalogue().iter().flat_map(|r| r.taxonomy.iter().chain(r.agent_taxonomy)).copied().collect();
        for (id, _) in LISTS.iter().flat_map(|list| list.entries) {
            assert!(used.contains(id), "{id} is used by no rule");
        }
    }
}
