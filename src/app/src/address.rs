//! What the address of the page asks for.

use std::sync::Arc;

use scalesmall_sim::limits::TIME_MS_MAX;
use scalesmall_sim::{Scenario, SimTime, builtin};

use crate::setting::Setting;
use crate::speed::Speed;
use crate::texts::text;

/// What is to be played, how fast, where the stage opens, and under which settings side by side.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wish {
    pub(crate) scenario: Arc<Scenario>,
    pub(crate) speed: Speed,
    /// The moment at which the stage opens, paused.
    pub(crate) at: Option<SimTime>,
    /// The node that is open, by its place among the replicas.
    pub(crate) node: Option<usize>,
    /// What is to be compared, if anything.
    pub(crate) compare: Option<Vec<Setting>>,
}

impl Wish {
    /// A scenario from its beginning.
    pub(crate) fn of(scenario: impl Into<Arc<Scenario>>) -> Self {
        let scenario = scenario.into();
        Self { scenario, speed: Speed::default(), at: None, node: None, compare: None }
    }
}

/// What can stand in the fragment.
const KNOWN: [&str; 7] = ["at", "compare", "json", "node", "s", "scenario", "speed"];

/// The packed scenario in a fragment, if it has one: the value of `s`.
pub(crate) fn packed(fragment: &str) -> Option<&str> {
    parts(fragment).find_map(|(name, value)| (name == "s").then_some(value))
}

/// Reads the fragment of an address. One of these names a scenario, else it is the built-in
/// `first-light`:
///
/// - `#s=` with a packed scenario file, which `unpacked` is;
/// - `#json=` with a percent-encoded one;
/// - `#scenario=NAME`.
///
/// And these say how it is shown: `&speed=` with a speed, `&at=` with the millisecond at which the
/// stage opens, paused, `&node=` with the name of the node that is open, and `&compare=` with the
/// settings to compare, or with none for the usual pair. `decode` undoes percent-encoding. An error
/// is a message for people, the one that the command line gives.
pub(crate) fn read(
    fragment: &str,
    decode: impl Fn(&str) -> Option<String>,
    mut unpacked: Option<Result<String, String>>,
) -> Result<Wish, String> {
    let (mut scenario, mut node, mut compare) = (None, None, None);
    let (mut speed, mut at) = (Speed::default(), None);
    for (name, value) in parts(fragment) {
        let value = decode(value).ok_or_else(|| text!("address.broken", name = name))?;
        let is_scenario = matches!(name, "json" | "s" | "scenario");
        if is_scenario && scenario.is_some() {
            return Err(text!("address.two_scenarios", name = name));
        }
        let text = match name {
            "json" => value,
            "s" => {
                let text = unpacked.take().expect("whoever reads has unpacked it");
                text.map_err(|reason| format!("s: {reason}"))?
            }
            "scenario" => builtin::text(&value).ok_or_else(|| unknown_scenario(&value))?.to_owned(),
            "speed" => {
                speed = Speed::parse(&value).ok_or_else(|| unknown_speed(&value))?;
                continue;
            }
            "compare" => {
                compare = Some(value);
                continue;
            }
            "at" => {
                at = Some(moment(&value).ok_or_else(|| no_moment(&value))?);
                continue;
            }
            "node" => {
                node = Some(value);
                continue;
            }
            _ => return Err(text!("address.unknown", name = name, known = KNOWN.join(", "))),
        };
        scenario = Some(Scenario::parse(&text).map_err(|error| error.to_string())?);
    }
    let scenario = scenario.unwrap_or_else(first_light);
    let place = |name: String| {
        let place = scenario.replicas.iter().position(|replica| replica.as_str() == name);
        place.ok_or_else(|| text!("address.unknown_node", name = format!("{name:?}")))
    };
    let node = node.map(place).transpose()?;
    let settings = |names: String| match names.as_str() {
        "" => Ok(Setting::pair(&scenario)),
        names => Setting::parse_list(names, &scenario).map_err(|error| format!("compare: {error}")),
    };
    let compare = compare.map(settings).transpose()?;
    Ok(Wish { speed, at, node, compare, ..Wish::of(scenario) })
}

/// A fragment with these settings to compare, or with none, and else as it is.
pub(crate) fn with_settings(fragment: &str, settings: &[Setting]) -> String {
    let parts = fragment.trim_start_matches('#').split('&');
    let is_other = |part: &&str| {
        !part.is_empty() && part.split_once('=').map_or(*part, |(name, _)| name) != "compare"
    };
    let mut parts: Vec<String> = parts.filter(is_other).map(str::to_owned).collect();
    if !settings.is_empty() {
        parts.push(format!("compare={}", Setting::list(settings)));
    }
    parts.join("&")
}

/// Name and value of each part.
fn parts(fragment: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts = fragment.trim_start_matches('#').split('&').filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').unwrap_or((part, "")))
}

/// A time in milliseconds, as far as scenarios go.
fn moment(value: &str) -> Option<SimTime> {
    let ms = value.parse().ok().filter(|&ms| ms <= TIME_MS_MAX);
    ms.map(SimTime::from_ms)
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
    let known: Vec<String> = Speed::steps().map(|speed| speed.to_string()).collect();
    text!("address.unknown_speed", value = format!("{value:?}"), known = known.join(", "))
}

fn no_moment(value: &str) -> String {
    text!("address.no_moment", value = format!("{value:?}"), most = TIME_MS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No percent-encoding in these tests, but for one that is broken; and what is packed is what
    /// it stands for.
    fn read(fragment: &str) -> Result<Wish, String> {
        let unpacked = packed(fragment).map(|packed| match packed {
            "broken" => Err("it is broken".to_owned()),
            packed => Ok(packed.to_owned()),
        });
        super::read(fragment, |text| (text != "%").then(|| text.to_owned()), unpacked)
    }

    const TWO: &str = r#"{"format":1,"title":"two","replicas":["a","b"]}"#;

    #[test]
    fn nothing_means_first_light_at_real_time() {
        for fragment in ["", "#"] {
            assert_eq!(read(fragment).unwrap(), Wish::of(first_light()));
        }
        assert_eq!(*read("#scenario=first-light").unwrap().scenario, first_light());
    }

    #[test]
    fn a_scenario_and_how_it_is_shown() {
        for name in ["json", "s"] {
            let wish = read(&format!("#{name}={TWO}&speed=max")).unwrap();
            assert_eq!((wish.scenario.title.as_str(), wish.speed), ("two", Speed::Max));
            // In any order.
            let wish = read(&format!("#node=b&at=1500&{name}={TWO}")).unwrap();
            assert_eq!((wish.at, wish.node), (Some(SimTime::from_ms(1_500)), Some(1)));
        }
    }

    #[test]
    fn settings_to_compare() {
        let list = |fragment: &str| read(fragment).unwrap().compare.map(|it| Setting::list(&it));
        assert_eq!(list("#compare=tree/delta,push/delta").unwrap(), "tree/delta,push/delta");
        assert_eq!(list("#compare").unwrap(), "push-pull/delta,tree/delta");
        let settings = read("#compare=").unwrap().compare.unwrap();
        let with = with_settings("#scenario=add-wins&compare=&speed=4", &settings);
        assert_eq!(with, "scenario=add-wins&speed=4&compare=push-pull/delta,tree/delta");
        assert_eq!(list(&with).unwrap(), "push-pull/delta,tree/delta");
        assert_eq!(with_settings(&with, &[]), "scenario=add-wins&speed=4");
        assert_eq!(with_settings("#compare", &[]), "");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let message = |fragment: &str| read(fragment).unwrap_err();
        assert!(message("#json={").contains("line 1"));
        assert!(message("#json=%").starts_with("json: "));
        assert_eq!(message("#s=broken"), "s: it is broken");
        assert!(message("#scenario=none").contains("\"none\""));
        assert!(message("#speed=7").contains("\"7\""));
        assert!(message("#compare=tree/delta,tree").starts_with("compare: \"tree\""));
        assert!(message("#compare=tree/delta").starts_with("compare: takes 2 to 4"));
        assert!(message("#lesson=1").starts_with("lesson: "));
        for ms in ["-1", "1.5", "x", "", "3600001"] {
            let message = message(&format!("#at={ms}"));
            assert!(message.starts_with("at: ") && message.contains(&format!("{ms:?}")));
        }
        assert!(message("#node=nobody").starts_with("node: \"nobody\""));
        assert!(message(&format!("#json={TWO}&scenario=first-light")).contains("two scenarios"));
        assert!(message(&format!("#s={TWO}&s={TWO}")).contains("two scenarios"));
    }
}
