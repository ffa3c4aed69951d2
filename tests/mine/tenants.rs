//! Tenants who count alike.

use std::fs;

use crate::calls::logged;
use crate::lawful;

/// Changes of two tenants who count them alike, as a log sees them: no creation, the host of every step.
fn changes(hosts: [&str; 2], crossing: bool) -> String {
    let (mut text, mut at) = (String::new(), 0);
    let mut add = |host: &str, user: &str, path: String| {
        at += 1;
        text += &logged(at, host, user, ("POST", path), 200, &[]);
    };
    for n in 1..=15 {
        for (host, people) in [(hosts[0], ["mia", "kai"]), (hosts[1], ["tom", "ana"])] {
            let people = if crossing { ["mia", "kai"] } else { people };
            add(host, people[0], format!("/changes/{n}/submit"));
            add(host, people[1], format!("/changes/{n}/approve"));
        }
    }
    text
}

#[test]
fn tenants_that_count_alike_are_told_apart_by_their_hosts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("changes.log");
    fs::write(&file, changes(["acme.flags.example", "globex.flags.example"], false)).unwrap();
    let draft = lawful(&[&file]);
    assert!(draft.contains("    within: tenant") && draft.contains("    tenant: host.label.0"), "{draft}");
    assert!(draft.contains("change:  # 30 objects"), "{draft}");
    assert!(!draft.contains("seen once"), "{draft}");
    // The same people on both hosts: two names of one service, or one staff for all tenants. Nobody knows.
    fs::write(&file, changes(["a.flags.example", "b.flags.example"], true)).unwrap();
    let draft = lawful(&[&file]);
    assert!(
        draft.contains("    # within: tenant") && draft.contains("# check: change 1 was seen under hosts"),
        "{draft}"
    );
    // Customers and staff on hosts of their own share orders, and do other things to them.
    let mut text = String::new();
    for n in 1..=15 {
        text += &logged(4 * n, "shop.example", &format!("c{}", n % 4), ("POST", format!("/orders/{n}/pay")), 200, &[]);
        text += &logged(4 * n + 1, "admin.example", "wim", ("POST", format!("/orders/{n}/pack")), 200, &[]);
        text += &logged(4 * n + 2, "admin.example", "wim", ("POST", format!("/orders/{n}/ship")), 200, &[]);
    }
    fs::write(&file, text).unwrap();
    let draft = lawful(&[&file]);
    assert!(!draft.contains("within: tenant") && draft.contains("order:  # 15 objects"), "{draft}");
}
