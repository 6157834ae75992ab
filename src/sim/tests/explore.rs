//! All orders of delivery: against trying each by itself, and by playing them.

use std::collections::BTreeMap;
use std::sync::Arc;

use scalesmall_crdt::{DataType, Delta, Fingerprint};
use scalesmall_sim::{Exploration, NotExplored, Scenario, Simulation, builtin};

fn lesson(name: &str) -> Scenario {
    Scenario::parse(builtin::lesson(name).expect("a lesson's scenario")).unwrap()
}

/// Two nodes that see nothing of each other, and seven operations of a type that has Register and
/// Release; of `twos`, three are on the same claim.
fn seven(data_type: DataType) -> Scenario {
    let text = format!(
        r#"{{ "format": 1, "replicas": ["a", "b", "c"], "type": "{data_type}",
            "network": {{ "mode": "manual" }},
            "start": [ {{ "on": "a", "do": "register", "claim": ["a", 0, 99] }} ],
            "steps": [
              {{ "on": "a", "do": "release", "claim": ["a", 0, 99] }},
              {{ "on": "a", "do": "register", "claim": ["a", 0, 99] }},
              {{ "on": "b", "do": "release", "claim": ["a", 0, 99] }},
              {{ "on": "b", "do": "register", "claim": ["b", 50, 150] }},
              {{ "on": "c", "do": "register", "claim": ["a", 0, 99] }},
              {{ "on": "c", "do": "register", "claim": ["c", 10, 19] }},
              {{ "on": "c", "do": "release", "claim": ["c", 10, 19] }} ],
            "until": {{ "max_ms": 1000 }} }}"#
    );
    Scenario::parse(&text).unwrap()
}

/// How many orders end in which state, each tried from the first delivery to the last.
fn by_brute_force(exploration: &Exploration) -> BTreeMap<Fingerprint, u64> {
    fn go_on(
        exploration: &Exploration,
        order: &mut Vec<usize>,
        ends: &mut BTreeMap<Fingerprint, u64>,
    ) {
        let messages = exploration.messages();
        if order.len() == messages.len() {
            let mut replica = exploration.states()[0].replica.clone();
            for &message in &*order {
                let _ = replica.join(&Delta::from_iter([Arc::clone(&messages[message].update)]));
            }
            *ends.entry(replica.fingerprint()).or_default() += 1;
            return;
        }
        for message in 0..messages.len() {
            if !order.contains(&message) {
                order.push(message);
                go_on(exploration, order, ends);
                order.pop();
            }
        }
    }
    let mut ends = BTreeMap::new();
    go_on(exploration, &mut Vec::new(), &mut ends);
    ends
}

fn ends(exploration: &Exploration) -> BTreeMap<Fingerprint, u64> {
    let states = exploration.ends().map(|end| &exploration.states()[end]);
    states.map(|state| (state.replica.fingerprint(), state.orders)).collect()
}

/// What the observer shows once an order has been played.
fn played(exploration: &Exploration, order: &[usize]) -> Fingerprint {
    let scenario = exploration.played(order);
    let scenario = Scenario::parse(&scenario.to_json()).expect("it can be written and read");
    let mut simulation = Simulation::new(scenario);
    while simulation.step() {}
    simulation.replicas().last().unwrap().claims().fingerprint()
}

#[test]
fn of_types_that_converge_all_orders_end_alike() {
    for data_type in DataType::ALL.into_iter().filter(|it| it.converges()) {
        if !data_type.operations().contains(&"release") {
            continue;
        }
        let exploration = Exploration::of(seven(data_type)).unwrap();
        assert_eq!(exploration.orders(), 5_040, "{data_type}");
        assert_eq!(ends(&exploration), by_brute_force(&exploration), "{data_type}");
        assert_eq!(exploration.ends().count(), 1, "{data_type}");
        // Whatever has been delivered decides.
        assert_eq!(exploration.states().len(), 1 << 7, "{data_type}");
    }
}

#[test]
fn of_the_first_protocol_they_do_not_and_each_end_can_be_played() {
    let exploration = Exploration::of(lesson("order-matters")).unwrap();
    assert_eq!(exploration.orders(), 2);
    assert_eq!(exploration.ends().count(), 2);
    assert_eq!(ends(&exploration), by_brute_force(&exploration));
    for end in exploration.ends() {
        let order = exploration.order_to(end);
        let shown = exploration.states()[end].replica.fingerprint();
        assert_eq!(played(&exploration, &order), shown, "{order:?}");
    }
}

#[test]
fn an_order_that_is_played_ends_as_it_was_explored() {
    for data_type in [DataType::AwMap, DataType::RwSet] {
        let exploration = Exploration::of(seven(data_type)).unwrap();
        let end = exploration.ends().next().unwrap();
        let shown = exploration.states()[end].replica.fingerprint();
        for order in [[0, 1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1, 0], [3, 6, 0, 2, 5, 1, 4]] {
            assert_eq!(played(&exploration, &order), shown, "{data_type} {order:?}");
        }
        for (index, state) in exploration.states().iter().enumerate() {
            let order = exploration.order_to(index);
            assert_eq!(order.len(), state.delivered.count_ones() as usize);
        }
    }
}

#[test]
fn what_cannot_be_explored_is_named() {
    let refused = |text: &str| match Exploration::of(Scenario::parse(text).unwrap()) {
        Ok(_) => panic!("{text} was explored"),
        Err(reason) => reason,
    };
    assert_eq!(refused(builtin::FIRST_LIGHT), NotExplored::NotManual);
    let steps = |count: usize| {
        let step =
            |index| format!(r#"{{ "on": "a", "do": "register", "claim": ["a", {index}, 99] }}"#);
        let steps: Vec<String> = (0..count).map(step).collect();
        format!(
            r#"{{ "format": 1, "replicas": ["a"], "network": {{ "mode": "manual" }},
                "steps": [{}], "until": {{ "max_ms": 10 }} }}"#,
            steps.join(",")
        )
    };
    assert_eq!(refused(&steps(0)), NotExplored::Count(0));
    assert_eq!(refused(&steps(9)), NotExplored::Count(9));
    assert_eq!(Exploration::of(Scenario::parse(&steps(8)).unwrap()).unwrap().orders(), 40_320);
}
