//! What serde writes it reads again, and it reads nothing that could not be built.

#![cfg(not(target_arch = "wasm32"))]

use std::fmt::Debug;
use std::num::NonZeroU32;

use scalesmall_crdt::{
    Announcement, Claim, ClaimMap, Delta, Fingerprint, KeyRange, NodeId, Operation, ReplicaId,
    Roster, Segment, Stability, Update, VersionVector,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn comes_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(thing: &T) -> String {
    let text = serde_json::to_string(thing).unwrap();
    assert_eq!(serde_json::from_str::<T>(&text).unwrap(), *thing, "{text}");
    text
}

fn error<T: DeserializeOwned + Debug>(text: &str) -> String {
    serde_json::from_str::<T>(text).unwrap_err().to_string()
}

fn a() -> ReplicaId {
    ReplicaId::first(NodeId::new("a").unwrap())
}

fn claim() -> Claim {
    Claim::new(a().node, KeyRange::new(0, 9).unwrap())
}

#[test]
fn what_is_written_is_read_again() {
    let mut map = ClaimMap::new();
    let by = NonZeroU32::new(7).unwrap();
    let increase = map.issue(&a(), Operation::Increase { claim: claim(), by }).unwrap();
    let to = KeyRange::new(2, 3).unwrap();
    let tighten = map.issue(&a().fresh(), Operation::Tighten { claim: claim(), to }).unwrap();
    comes_back(&Delta::from_iter([increase.into(), tighten.into()]));
    assert_eq!(
        comes_back(map.context()),
        r#"[{"replica":{"node":"a","incarnation":0},"counter":1},{"replica":{"node":"a","incarnation":1},"counter":1}]"#
    );
    comes_back(&map.ownership().segments().collect::<Vec<Segment>>());
    let fingerprint = comes_back(&map.fingerprint());
    assert_eq!(fingerprint, format!("\"{}\"", map.fingerprint()));
    let mut roster = Roster::new();
    roster.join(a());
    roster.retire(a().fresh());
    comes_back::<Announcement>(&Stability::new(a(), roster).announce(map.context()));
}

#[test]
fn what_could_not_be_built_is_refused() {
    assert_eq!(
        error::<KeyRange>(r#"{"start":9,"end":3}"#),
        "the range starts at 9, past its end 3"
    );
    let name = error::<NodeId>(r#""""#);
    assert!(name.starts_with("a name has 1 to 64 characters, this one has 0"), "{name}");
    let digits = error::<Fingerprint>(r#""+123456789abcdef""#);
    assert!(digits.starts_with(r#""+123456789abcdef" is not 16 hex digits"#), "{digits}");
    let counter = r#"[{"replica":{"node":"a","incarnation":0},"counter":-1}]"#;
    assert!(error::<VersionVector>(counter).contains("-1"));
    let by_zero = r#"{"Increase":{"claim":{"node":"a","range":{"start":0,"end":9}},"by":0}}"#;
    assert!(error::<Operation>(by_zero).contains("nonzero"));
}

/// Fields that contradict each other.
#[test]
fn an_update_that_cannot_be_is_refused() {
    let update = |counter: u64, operation: &str, rest: &str| {
        let claim = r#""claim":{"node":"a","range":{"start":0,"end":9}}"#;
        let dot = format!(r#"{{"replica":{{"node":"a","incarnation":0}},"counter":{counter}}}"#);
        let operation = operation.replace("CLAIM", claim);
        format!(r#"{{"dot":{dot},"operation":{operation},{rest}}}"#).replace("DOT", &dot)
    };
    let nothing = r#""cancels":[],"tightening":null"#;
    let register = r#"{"Register":{CLAIM}}"#;
    assert!(serde_json::from_str::<Update>(&update(1, register, nothing)).is_ok());
    let refused = |text: String| error::<Update>(&text);
    assert_eq!(refused(update(0, register, nothing)), "a counter that no operation has");
    let narrower = r#""cancels":[],"tightening":{"carries":0,"cancels":[]}"#;
    assert_eq!(
        refused(update(1, r#"{"Tighten":{CLAIM,"to":{"start":0,"end":3}}}"#, narrower)),
        "it must cancel, and cancels nothing"
    );
    let one = r#""cancels":[{"dot":DOT,"is_whole":false}],"tightening":null"#;
    let tighten = r#"{"Tighten":{CLAIM,"to":{"start":0,"end":3}}}"#;
    assert_eq!(refused(update(2, tighten, one)), "a tightening of nothing");
    let twice =
        r#""cancels":[{"dot":DOT,"is_whole":false},{"dot":DOT,"is_whole":true}],"tightening":null"#;
    assert_eq!(
        refused(update(2, r#"{"Release":{CLAIM}}"#, twice)),
        "what it cancels is out of order"
    );
}
