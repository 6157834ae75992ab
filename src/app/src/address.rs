//! What the address of the page asks for.

use scalesmall_sim::{Scenario, builtin};

use crate::speed::Speed;
use crate::texts::text;

/// What is to be played, and how fast.
#[derive(Debug, PartialEq)]
pub(crate) struct Wish {
    pub(crate) scenario: Scenario,
    pub(crate) speed: Speed,
}

/// What can stand in the fragment.
const KNOWN: [&str; 3] = ["json", "scenario", "speed"];

/// Reads the fragment of an address: `#scenario=NAME` or `#json=` with a percent-encoded scenario
/// file, and `&speed=` with a speed; `decode` undoes percent-encoding. Nothing means the built-in
/// `first-light`. An error is a message for people, the one that the command line gives.
pub(crate) fn read(
    fragment: &str,
    decode: impl Fn(&str) -> Option<String>,
) -> Result<Wish, String> {
    let mut scenario = None;
    let mut speed = Speed::default();
    let fragment = fragment.trim_start_matches('#');
    for part in fragment.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let value = decode(value).ok_or_else(|| text!("address.broken", name = name))?;
        let text = match name {
            "json" => value,
            "scenario" => builtin::text(&value).ok_or_else(|| unknown_scenario(&value))?.to_owned(),
            "speed" => {
                speed = Speed::parse(&value).ok_or_else(|| unknown_speed(&value))?;
                continue;
            }
            _ => {
                return Err(text!("address.unknown", name = name, known = KNOWN.join(", ")));
            }
        };
        if scenario.is_some() {
            return Err(text!("address.two_scenarios", name = name));
        }
        scenario = Some(Scenario::parse(&text).map_err(|error| error.to_string())?);
    }
    Ok(Wish { scenario: scenario.unwrap_or_else(first_light), speed })
}

/// The scenario of whoever asks for none.
pub(crate) fn first_light() -> Scenario {
    Scenario::parse(builtin::FIRST_LIGHT).expect("the built-in scenario is sound")
}

fn unknown_scenario(name: &str) -> String {
    let known: Vec<&str> = builtin::ALL.iter().map(|&(name, _)| name).collect();
    text!("address.unknown_scenario", name = format!("{name:?}"), known = known.join(", "))
}

fn unknown_speed(value: &str) -> String {
    let known: Vec<String> = Speed::all().map(|speed| speed.to_string()).collect();
    text!("address.unknown_speed", value = format!("{value:?}"), known = known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No percent-encoding in these tests, but for one that is broken.
    fn read(fragment: &str) -> Result<Wish, String> {
        super::read(fragment, |text| (text != "%").then(|| text.to_owned()))
    }

    const TWO: &str = r#"{"format":1,"title":"two","replicas":["a","b"]}"#;

    #[test]
    fn nothing_means_first_light_at_real_time() {
        for fragment in ["", "#"] {
            let wish = read(fragment).unwrap();
            assert_eq!(wish, Wish { scenario: first_light(), speed: Speed::default() });
        }
        assert_eq!(read("#scenario=first-light").unwrap().scenario, first_light());
    }

    #[test]
    fn a_scenario_and_a_speed() {
        let wish = read(&format!("#json={TWO}&speed=max")).unwrap();
        assert_eq!((wish.scenario.title.as_str(), wish.speed), ("two", Speed::Max));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let message = |fragment: &str| read(fragment).unwrap_err();
        assert!(message("#json={").contains("line 1"));
        assert!(message("#json=%").starts_with("json: "));
        assert!(message("#scenario=none").contains("\"none\""));
        assert!(message("#speed=7").contains("\"7\""));
        assert!(message("#lesson=1").starts_with("lesson: "));
        assert!(message(&format!("#json={TWO}&scenario=first-light")).contains("two scenarios"));
    }
}
