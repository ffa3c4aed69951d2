//! What a gateway gave up and the server behind it took.

use super::*;

/// Orders of which the gateway gave up one payment, which the server behind it took: `late` milliseconds after that, or
/// before.
fn timed_out(late: i64) -> Vec<Asked<'static>> {
    let mut asked = orders(10, &["edge.example", "orders.internal"], "X-Request-Id");
    let paid = asked.iter().position(|asked| asked.path.ends_with("7003/pay")).unwrap();
    asked[paid].status = 504;
    asked[paid + 1].took = (38 + late).unsigned_abs();
    asked
}

#[test]
fn what_a_gateway_gave_up_and_the_server_took_is_one_exchange_that_is_left_open() {
    for late in [-5, 200] {
        let asked = timed_out(late);
        let checked = Checked::archive(&asked);
        assert_eq!((checked.rules(), checked.hops()), (vec![], 30), "{late}");
        assert_eq!(checked.run["exchanges"].as_u64(), Some(30));
        assert!(checked.warns("1 exchange of"), "{}", checked.run["warnings"]);
        assert!(checked.warns("answered inside, given up outside"), "{}", checked.run["warnings"]);
        assert!(checked.is_same(&["--threads", "1"]) && checked.is_same(&["--threads", "3", "--memory", "64K"]));
        // The client asks again, under an id of that request.
        let paid = asked.iter().position(|asked| asked.status == 504).unwrap();
        let again = asked[paid..paid + 2].iter().map(|first| {
            let mut again = Asked { at: first.at + 300, took: 30 - (first.at % 10), status: 200, ..first.clone() };
            again
                .headers
                .iter_mut()
                .filter(|(name, _)| *name == "X-Request-Id")
                .for_each(|(_, id)| id.push_str("-again"));
            again
        });
        let retried: Vec<Asked> = asked.iter().cloned().chain(again).collect();
        let checked = Checked::archive(&retried);
        assert_eq!((checked.rules(), checked.hops()), (vec![], 31), "{late}");
    }
}

#[test]
fn what_begins_after_a_gateway_gave_up_is_another_exchange() {
    let mut asked = timed_out(0);
    let paid = asked.iter().position(|asked| asked.status == 504).unwrap();
    asked[paid + 1].at += 100;
    let checked = Checked::archive(&asked);
    assert_eq!((checked.hops(), checked.run["exchanges"].as_u64()), (29, Some(31)));
    assert!(!checked.warns("given up outside"));
}
