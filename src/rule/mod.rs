//! One file a rule: a deviation and its context become a finding.
