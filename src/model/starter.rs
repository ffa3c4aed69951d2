//! Models to start from: one for each kind of business, with the misuse of it guarded.

/// A kind of business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Authorise, capture, refund and pay out.
    Payments,
    /// From a cart to the door, with cancellations and returns.
    Fulfilment,
    /// Sign-up, verification, subscription and change of plan.
    Saas,
    /// Activation of SIM cards and change of their holder.
    Telecom,
    /// Health insurance claims from submission to payment.
    Claims,
    /// Software agents that act for people and ask them first.
    Agents,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 6] =
        [Kind::Payments, Kind::Fulfilment, Kind::Saas, Kind::Telecom, Kind::Claims, Kind::Agents];
}

/// The model, with comments that say what to adapt.
pub fn text(kind: Kind) -> &'static str {
    match kind {
        Kind::Payments => include_str!("starters/payments.yaml"),
        Kind::Fulfilment => include_str!("starters/fulfilment.yaml"),
        Kind::Saas => include_str!("starters/saas.yaml"),
        Kind::Telecom => include_str!("starters/telecom.yaml"),
        Kind::Claims => include_str!("starters/claims.yaml"),
        Kind::Agents => include_str!("starters/agents.yaml"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Model, layout};

    #[test]
    fn starters_leave_nothing_to_say() {
        for kind in Kind::ALL {
            let found = Model::lint("starter.yaml", text(kind), &mut |_| Err("nothing is imported".to_owned()));
            assert!(found.gravest().is_none(), "{kind:?}: {found}");
            assert_eq!(layout(text(kind)).as_deref(), Ok(text(kind)), "{kind:?} is laid out as fmt does");
        }
    }
}
