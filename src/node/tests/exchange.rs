//! What nodes say to each other, driven by hand.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;

use scalesmall_crdt::{Claim, ClaimMap, KeyRange, NodeId, Operation, ReplicaId};
use scalesmall_node::{
    Depth, Effects, Event, Message, News, Node, Observation, Settings, SimTime, Strategy, Sync,
    Timer, UPDATES_MAX,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const NOW: SimTime = SimTime::from_ms(1_000);
const SETTINGS: Settings = Settings {
    interval_us: 200_000,
    fanout: 1,
    strategy: Strategy::PushPull,
    sync: Sync::Delta,
    anti_entropy: true,
    interest: false,
    history: Depth { inside: 10_000, outside: 10_000, forgets_stable: false },
    detection: None,
};

fn name(name: &str) -> NodeId {
    NodeId::new(name).unwrap()
}

fn id(node: &str) -> ReplicaId {
    ReplicaId::first(name(node))
}

/// A node that begins together with these others.
fn node(own: &str, peers: &[&str], settings: Option<Settings>, seed: u64) -> Node {
    let members = [own].iter().chain(peers).map(|member| name(member)).collect();
    Node::new(id(own), Arc::new(members), settings, seed)
}

/// Two nodes that know of each other.
fn pair() -> (Node, Node) {
    (node("a", &["b"], Some(SETTINGS), 1), node("b", &["a"], Some(SETTINGS), 2))
}

fn claim(key: u32) -> Claim {
    Claim::new(name("server"), KeyRange::new(key, key).unwrap())
}

fn handle(node: &mut Node, event: Event) -> Effects {
    let mut effects = Effects::new();
    node.handle(NOW, event, &mut effects);
    node.check_invariants();
    effects
}

fn issue(node: &mut Node, operation: Operation) {
    let effects = handle(node, Event::Operation(operation));
    assert!(matches!(effects.observations[..], [Observation::Issued(_)]));
    assert!(effects.messages.is_empty() && effects.timers.is_empty());
}

/// So many operations at a node.
fn operate(node: &mut Node, operations: u32) {
    for key in 0..operations {
        issue(node, Operation::Register { claim: claim(key) });
    }
}

/// What a node says to another, or answers.
fn messages(node: &mut Node, event: Event) -> Vec<(NodeId, Message)> {
    handle(node, event).messages
}

fn receive(node: &mut Node, from: &str, message: &Message) -> Effects {
    handle(node, Event::Message { from: id(from), message: message.clone() })
}

/// Lets a node receive a message that calls for no answer.
fn take_in(node: &mut Node, from: &str, message: &Message) {
    assert!(receive(node, from, message).messages.is_empty());
}

/// The updates that `from` sends to somebody who has seen what `to` has.
fn batch(from: &mut Node, to: &Node) -> Message {
    let seen = Message::Ask(to.claims().context().clone());
    let to = to.id().node.to_string();
    let mut answers = receive(from, &to, &seen).messages;
    assert_eq!(answers.len(), 1);
    answers.remove(0).1
}

/// What matters of a message, in words.
fn words(message: &Message) -> String {
    match message {
        Message::Digest(..) => "digest".to_owned(),
        Message::Differ { .. } => "differ".to_owned(),
        Message::Ask(_) => "ask".to_owned(),
        Message::News { news: News::Updates(updates), seen } => {
            let seen = if seen.is_some() { " + seen" } else { "" };
            format!("{}{seen}", updates.len())
        }
        other => format!("{other:?}"),
    }
}

/// Lets the first node begin an exchange with the other, and carries the messages to and fro
/// until nobody has more to say. Returns the messages in words, the number of updates in each.
fn exchange(first: &mut Node, other: &mut Node) -> Vec<String> {
    let mut nodes = [first, other];
    let mut said = Vec::new();
    let mut speaker = 0;
    let partner = nodes[1].id().node.clone();
    // It draws whom it turns to.
    let rounds = |_| messages(nodes[0], Event::Timer(Timer::Round));
    let mut speech = (0..100).map(rounds).find(|said| said[0].0 == partner).expect("it is drawn");
    while let Some((to, message)) = speech.pop() {
        assert!(speech.is_empty(), "one message begins an exchange, and one answers one");
        assert!(said.len() < 100, "the nodes do not come to an end");
        said.push(words(&message));
        let from = nodes[speaker].id().clone();
        speaker = 1 - speaker;
        assert_eq!(to, nodes[speaker].id().node);
        speech = messages(nodes[speaker], Event::Message { from, message });
    }
    said
}

fn agree(a: &Node, b: &Node) -> bool {
    a.claims().fingerprint() == b.claims().fingerprint()
        && a.claims().context() == b.claims().context()
        && a.claims().claims().eq(b.claims().claims())
}

/// Two nodes with so many operations of their own each exchange these messages, and agree then.
fn check(operations_of_a: u32, operations_of_b: u32, expected: &[&str]) {
    let (mut a, mut b) = pair();
    operate(&mut a, operations_of_a);
    operate(&mut b, operations_of_b);
    assert_eq!(exchange(&mut a, &mut b), expected);
    assert!(agree(&a, &b));
    let operations = u64::from(operations_of_a) + u64::from(operations_of_b);
    assert_eq!(a.claims().context().operations(), operations);
    assert_eq!(exchange(&mut a, &mut b), ["digest"], "they agree already");
    assert_eq!(exchange(&mut b, &mut a), ["digest"], "they agree already");
}

#[test]
fn nodes_that_agree_exchange_one_message() {
    check(0, 0, &["digest"]);
}

#[test]
fn who_asks_is_told_exactly_what_it_lacks() {
    check(0, 3, &["digest", "differ", "ask", "3"]);
}

#[test]
fn who_is_asked_learns_exactly_what_it_lacks() {
    check(3, 0, &["digest", "differ", "3"]);
}

#[test]
fn four_messages_carry_news_both_ways() {
    check(2, 5, &["digest", "differ", "2 + seen", "5"]);
}

#[test]
fn only_what_is_new_is_sent_again() {
    let (mut a, mut b) = pair();
    operate(&mut a, 10);
    exchange(&mut a, &mut b);
    operate(&mut a, 2);
    operate(&mut b, 1);
    assert_eq!(exchange(&mut b, &mut a), ["digest", "differ", "1 + seen", "2"]);
    assert!(agree(&a, &b));
}

#[test]
fn news_passes_through_a_third() {
    let mut a = node("a", &["b", "c"], Some(SETTINGS), 1);
    let mut b = node("b", &["a", "c"], Some(SETTINGS), 2);
    let mut c = node("c", &["a", "b"], Some(SETTINGS), 3);
    operate(&mut a, 4);
    operate(&mut c, 1);
    assert_eq!(exchange(&mut a, &mut b), ["digest", "differ", "4"]);
    assert_eq!(exchange(&mut b, &mut c), ["digest", "differ", "4 + seen", "1"]);
    assert_eq!(exchange(&mut a, &mut b), ["digest", "differ", "ask", "1"]);
    assert!(agree(&a, &b) && agree(&b, &c));
}

#[test]
fn a_backlog_goes_in_batches_of_bounded_size() {
    let max = UPDATES_MAX as u32;
    let full = UPDATES_MAX.to_string();
    let (mut a, mut b) = pair();
    operate(&mut b, 2 * max + 7);
    assert_eq!(exchange(&mut a, &mut b), ["digest", "differ", "ask", full.as_str()]);
    assert_eq!(a.claims().context().counter(b.id()), u64::from(max));
    // Who lacks something and is asked gets a batch too.
    assert_eq!(exchange(&mut b, &mut a), ["digest", "differ", full.as_str()]);
    assert_eq!(exchange(&mut a, &mut b), ["digest", "differ", "ask", "7"]);
    assert!(agree(&a, &b));
    assert_eq!(exchange(&mut a, &mut b), ["digest"]);
}

#[test]
fn two_backlogs_cross_without_loss_and_without_end() {
    let max = UPDATES_MAX as u32;
    let (mut a, mut b) = pair();
    operate(&mut a, 2 * max + 1);
    operate(&mut b, 3 * max);
    let mut exchanges = 0;
    while !agree(&a, &b) {
        let said = exchange(&mut a, &mut b);
        assert!(said.len() > 1, "there is always some progress");
        exchanges += 1;
        assert!(exchanges <= 3, "each exchange carries a batch each way at least");
    }
    let operations = a.claims().context().operations();
    assert_eq!(operations, u64::from(5 * max + 1));
}

#[test]
fn a_batch_that_is_exactly_full_is_one_message() {
    let full = UPDATES_MAX.to_string();
    check(0, UPDATES_MAX as u32, &["digest", "differ", "ask", &full]);
}

#[test]
fn a_message_that_arrives_again_changes_nothing_more() {
    let (mut a, mut b) = pair();
    operate(&mut b, 3);
    let news = batch(&mut b, &a);
    assert_eq!(receive(&mut a, "b", &news).observations.len(), 3);
    assert!(agree(&a, &b));
    for _ in 0..3 {
        let effects = receive(&mut a, "b", &news);
        assert_eq!(effects.observations, [Observation::Repeated(3)]);
        assert!(effects.messages.is_empty());
        assert!(agree(&a, &b));
    }
}

#[test]
fn an_old_message_takes_nothing_back() {
    let (mut a, mut b) = pair();
    operate(&mut b, 1);
    let old = batch(&mut b, &a);
    issue(&mut b, Operation::Release { claim: claim(0) });
    exchange(&mut a, &mut b);
    assert_eq!(a.claims().claims().count(), 0);
    take_in(&mut a, "b", &old);
    assert_eq!(a.claims().claims().count(), 0);
    assert!(agree(&a, &b));
}

#[test]
fn batches_that_arrive_in_any_order_end_in_the_same() {
    let (_, mut b) = pair();
    operate(&mut b, 2 * UPDATES_MAX as u32 + 7);
    // Somebody who takes in one after the other collects them.
    let mut collector = node("c", &[], None, 0);
    let batches: Vec<Message> = (0..3)
        .map(|_| {
            let message = batch(&mut b, &collector);
            take_in(&mut collector, "b", &message);
            message
        })
        .collect();
    assert!(agree(&collector, &b));

    let sizes = [UPDATES_MAX, UPDATES_MAX, 7];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let (mut a, _) = pair();
        let mut applied = 0;
        for (arrivals, index) in (1..).zip(order) {
            let effects = receive(&mut a, "b", &batches[index]);
            applied += effects.observations.len();
            assert!(effects.messages.is_empty());
            // What comes before its predecessors waits, and shows in nothing until they come.
            let arrived = &order[..arrivals];
            let without_gaps = (0..3).take_while(|index| arrived.contains(index));
            assert_eq!(applied, without_gaps.map(|index| sizes[index]).sum::<usize>());
            assert_eq!(a.claims().context().operations(), applied as u64);
            let received: usize = arrived.iter().map(|&index| sizes[index]).sum();
            assert_eq!(a.claims().waiting(), received - applied);
        }
        assert!(agree(&a, &b), "{order:?}");
    }
}

#[test]
fn what_waits_for_its_predecessor_is_not_passed_on() {
    let (mut a, mut b) = pair();
    operate(&mut b, UPDATES_MAX as u32);
    let mut ahead = node("c", &[], None, 0);
    let first = batch(&mut b, &ahead);
    take_in(&mut ahead, "b", &first);
    operate(&mut b, 2);
    take_in(&mut a, "b", &batch(&mut b, &ahead));
    assert_eq!(a.claims().waiting(), 2);
    assert_eq!(a.history().iter().count(), 0);
    // a says that it has seen nothing, and so is told all of it.
    let full = UPDATES_MAX.to_string();
    assert_eq!(exchange(&mut a, &mut b), ["digest", "differ", "ask", full.as_str()]);
    assert!(agree(&a, &b));
    assert_eq!(a.claims().waiting(), 0);
}

#[test]
fn a_peer_that_lies_about_what_it_has_seen_harms_nobody() {
    let (mut a, mut b) = pair();
    operate(&mut a, 3);
    exchange(&mut a, &mut b);
    let before = a.claims().fingerprint();
    let known = a.claims().context().clone();

    // "I have seen thousands of operations of yours, of b's, and of nodes that nobody knows."
    let mut invented = ClaimMap::new();
    for node in ["a", "b", "ghost"] {
        for key in 0..2_000 {
            let register = Operation::Register { claim: claim(key) };
            invented.issue(&id(node), register).unwrap();
        }
    }
    let lie = Message::Ask(invented.context().clone());
    let is_own = |message: &Message| match message {
        Message::Ask(seen) => *seen == known,
        _ => false,
    };
    for from in ["liar", "b"] {
        for _ in 0..3 {
            let effects = receive(&mut a, from, &lie);
            // It is asked for what it claims to have, once for each time that it claims it.
            let [(to, answer)] = &effects.messages[..] else { panic!("{:?}", effects.messages) };
            assert!(*to == name(from) && is_own(answer), "{answer:?}");
            assert!(effects.observations.is_empty() && effects.timers.is_empty());
        }
    }
    let seen = Some(invented.context().clone());
    let nothing = || News::Updates(Default::default());
    let with_news = receive(&mut a, "liar", &Message::News { news: nothing(), seen });
    assert!(matches!(&with_news.messages[..], [(_, answer)] if is_own(answer)));
    // b is answered in another's name, and has nothing to say to that.
    let own = Message::News { news: nothing(), seen: Some(a.claims().context().clone()) };
    assert!(receive(&mut b, "a", &own).messages.is_empty());

    assert_eq!(a.claims().fingerprint(), before);
    assert_eq!(exchange(&mut a, &mut b), ["digest"]);
    operate(&mut b, 1);
    assert_eq!(exchange(&mut a, &mut b), ["digest", "differ", "ask", "1"]);
    assert!(agree(&a, &b));
}

#[test]
fn a_peer_that_claims_to_have_less_than_it_has_is_told_again() {
    let (mut a, mut b) = pair();
    operate(&mut a, 3);
    exchange(&mut a, &mut b);
    let nothing = Message::Ask(ClaimMap::new().context().clone());
    for _ in 0..2 {
        let answers = receive(&mut a, "b", &nothing).messages;
        assert_eq!(answers.iter().map(|(_, answer)| words(answer)).collect::<Vec<_>>(), ["3"]);
        let effects = receive(&mut b, "a", &answers[0].1);
        assert!(effects.messages.is_empty());
        assert_eq!(effects.observations, [Observation::Repeated(3)]);
    }
}

#[test]
fn an_operation_without_effect_is_reported_and_leaves_no_trace() {
    let (mut a, mut b) = pair();
    let by = NonZeroU32::MIN;
    for operation in [
        Operation::Release { claim: claim(0) },
        Operation::Decrease { claim: claim(0), by },
        Operation::Tighten {
            claim: Claim::new(name("server"), KeyRange::new(0, 9).unwrap()),
            to: KeyRange::new(0, 5).unwrap(),
        },
    ] {
        let effects = handle(&mut a, Event::Operation(operation));
        assert!(matches!(effects.observations[..], [Observation::Refused(_)]));
        assert_eq!(a.history().iter().count(), 0);
    }
    assert_eq!(exchange(&mut a, &mut b), ["digest"]);
}

#[test]
fn without_settings_a_node_speaks_only_when_it_is_asked() {
    let mut a = node("a", &["b"], None, 1);
    let mut b = node("b", &["a"], Some(SETTINGS), 2);
    for event in [Event::Start, Event::Timer(Timer::Round)] {
        let effects = handle(&mut a, event);
        assert!(effects.timers.is_empty());
        assert!(effects.messages.is_empty());
    }
    operate(&mut a, 1);
    operate(&mut b, 1);
    assert_eq!(exchange(&mut b, &mut a), ["digest", "differ", "1 + seen", "1"]);
    assert!(agree(&a, &b));
}

#[test]
fn the_first_exchange_comes_within_an_interval_and_each_further_one_after_another() {
    let mut first = BTreeSet::new();
    for seed in 0..100 {
        let mut a = node("a", &["b"], Some(SETTINGS), seed);
        let timers = handle(&mut a, Event::Start).timers;
        let [(at, Timer::Round)] = timers[..] else { panic!("{timers:?}") };
        assert!(at.us_since(NOW) < SETTINGS.interval_us.into() && at >= NOW);
        first.insert(at);
        let again = handle(&mut a, Event::Timer(Timer::Round)).timers;
        assert_eq!(again, [(NOW + u64::from(SETTINGS.interval_us), Timer::Round)]);
    }
    assert!(first.len() > 90, "nodes that start together do not all speak at once");
}

#[test]
fn new_settings_count_from_the_next_exchange_on() {
    let mut a = node("a", &["b", "c", "d"], Some(SETTINGS), 1);
    a.configure(Settings { interval_us: 7, fanout: 2, ..SETTINGS });
    let effects = handle(&mut a, Event::Timer(Timer::Round));
    assert_eq!(effects.timers, [(NOW + 7, Timer::Round)]);
    assert_eq!(effects.messages.len(), 2);
}

/// Whom a node speaks to, in each of so many rounds.
fn rounds(seed: u64, fanout: usize, count: usize) -> Vec<Vec<NodeId>> {
    let peers = ["b", "c", "d", "e", "f"];
    let settings = Settings { fanout, ..SETTINGS };
    let mut a = node("a", &peers, Some(settings), seed);
    let round = |_| {
        let messages = messages(&mut a, Event::Timer(Timer::Round));
        messages.into_iter().map(|(to, _)| to).collect()
    };
    (0..count).map(round).collect()
}

#[test]
fn the_same_seed_draws_the_same_peers() {
    assert_eq!(rounds(7, 2, 50), rounds(7, 2, 50));
    assert_ne!(rounds(7, 2, 50), rounds(8, 2, 50));
}

#[test]
fn the_peers_of_a_round_are_different_ones_and_none_is_passed_over_for_ever() {
    for fanout in 1..=5 {
        let mut met = BTreeSet::new();
        for round in rounds(7, fanout, 100) {
            assert_eq!(round.iter().collect::<BTreeSet<_>>().len(), fanout);
            met.extend(round);
        }
        assert_eq!(met.len(), 5, "fanout {fanout}");
    }
}

#[test]
fn a_fanout_beyond_the_number_of_peers_reaches_each_of_them_once() {
    for round in rounds(7, 64, 10) {
        assert_eq!(round.len(), 5);
        assert_eq!(round.into_iter().collect::<BTreeSet<_>>().len(), 5);
    }
}

#[test]
fn a_node_without_peers_waits_for_some() {
    let mut alone = node("a", &[], Some(SETTINGS), 1);
    operate(&mut alone, 1);
    let effects = handle(&mut alone, Event::Timer(Timer::Round));
    assert!(effects.messages.is_empty());
    assert_eq!(effects.timers.len(), 1);
}
