//! What the page around may ask for.

use std::sync::Arc;

use scalesmall_sim::limits::TIME_MS_MAX;
use scalesmall_sim::{Scenario, SimTime};
use serde_json::{Map, Value};

use crate::speed::Speed;

/// The version of what is said, in both directions.
pub(super) const VERSION: u64 = 1;

/// A message from the page around.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Request {
    Play,
    Pause,
    Restart,
    Seek(SimTime),
    Speed(Speed),
    /// Plays another scenario.
    Load(Arc<Scenario>),
    /// Asks how the run stands.
    Status,
}

const KNOWN: &str = "play, pause, restart, seek, speed, load, status";

impl Request {
    /// From a message; nothing where it is none for this page.
    ///
    /// # Errors
    ///
    /// The field that is wrong, and why. In English, as it is for those who write pages.
    pub(super) fn parse(message: &Value) -> Result<Option<Self>, String> {
        let Some(fields) = message.as_object() else { return Ok(None) };
        match fields.get("scalesmall") {
            None => return Ok(None),
            Some(version) if *version == VERSION => {}
            Some(version) => return Err(format!("scalesmall: {version} is not known; known: 1")),
        }
        let what = match fields.get("do") {
            Some(Value::String(what)) => what.as_str(),
            Some(other) => return Err(format!("do: {other} is not text")),
            None => return Err(format!("do: is missing; known: {KNOWN}")),
        };
        let field = match what {
            "seek" => Some("at_ms"),
            "speed" => Some("value"),
            "load" => Some("scenario"),
            _ => None,
        };
        let request = match what {
            "play" => Self::Play,
            "pause" => Self::Pause,
            "restart" => Self::Restart,
            "status" => Self::Status,
            "seek" => Self::Seek(moment(fields)?),
            "speed" => Self::Speed(speed(fields)?),
            "load" => Self::Load(Arc::new(scenario(fields)?)),
            _ => return Err(format!("do: {what:?} is not known; known: {KNOWN}")),
        };
        let is_known = |name: &&String| {
            ["scalesmall", "do"].contains(&name.as_str()) || field == Some(name.as_str())
        };
        match fields.keys().find(|name| !is_known(name)) {
            Some(name) => Err(format!("{name}: is no part of {what:?}")),
            None => Ok(Some(request)),
        }
    }
}

fn moment(fields: &Map<String, Value>) -> Result<SimTime, String> {
    let value = fields.get("at_ms").ok_or("at_ms: is missing")?;
    let ms = value.as_f64().filter(|ms| (0.0..=f64::from(TIME_MS_MAX)).contains(ms));
    match ms {
        Some(ms) => Ok(SimTime::from_us((ms * 1_000.0) as u64)),
        None => Err(format!("at_ms: {value} is no number from 0 to {TIME_MS_MAX}")),
    }
}

/// As it is shown, or as a number.
fn speed(fields: &Map<String, Value>) -> Result<Speed, String> {
    let value = fields.get("value").ok_or("value: is missing")?;
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Speed::parse(&text).ok_or_else(|| {
        let known: Vec<String> = Speed::steps().map(|speed| speed.to_string()).collect();
        format!("value: {value} is not a speed; some are: {}", known.join(", "))
    })
}

fn scenario(fields: &Map<String, Value>) -> Result<Scenario, String> {
    let value = fields.get("scenario").ok_or("scenario: is missing")?;
    Scenario::parse(&value.to_string()).map_err(|error| format!("scenario: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_can_be_asked_for() {
        let parse = |message: Value| Request::parse(&message).unwrap().unwrap();
        assert_eq!(parse(json!({ "scalesmall": 1, "do": "play" })), Request::Play);
        assert_eq!(
            parse(json!({ "scalesmall": 1, "do": "seek", "at_ms": 1500.5 })),
            Request::Seek(SimTime::from_us(1_500_500))
        );
        for (value, speed) in [(json!("1/10"), "1/10"), (json!(4), "4"), (json!("max"), "max")] {
            assert_eq!(
                parse(json!({ "scalesmall": 1, "do": "speed", "value": value })),
                Request::Speed(Speed::parse(speed).unwrap())
            );
        }
        let scenario = json!({ "format": 1, "replicas": ["a"] });
        let loaded = parse(json!({ "scalesmall": 1, "do": "load", "scenario": scenario }));
        assert!(matches!(loaded, Request::Load(scenario) if scenario.replicas.len() == 1));
    }

    #[test]
    fn what_is_for_others_is_left_to_them() {
        for message in [json!(null), json!("play"), json!([1]), json!({ "do": "play" })] {
            assert_eq!(Request::parse(&message), Ok(None), "{message}");
        }
    }

    #[test]
    fn a_wrong_field_is_named() {
        let with = |fields: Value| {
            let mut message = json!({ "scalesmall": 1 });
            message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            Request::parse(&message).unwrap_err()
        };
        for (fields, beginning) in [
            (json!({ "scalesmall": 2, "do": "play" }), "scalesmall: 2"),
            (json!({}), "do: is missing"),
            (json!({ "do": 7 }), "do: 7"),
            (json!({ "do": "stop" }), "do: \"stop\""),
            (json!({ "do": "seek" }), "at_ms: is missing"),
            (json!({ "do": "seek", "at_ms": -1 }), "at_ms: -1"),
            (json!({ "do": "seek", "at_ms": "1" }), "at_ms: \"1\""),
            (json!({ "do": "seek", "at_ms": 1e300 }), "at_ms: 1e"),
            (json!({ "do": "speed", "value": 7 }), "value: 7"),
            (json!({ "do": "load", "scenario": { "format": 2 } }), "scenario: "),
            (json!({ "do": "load", "scenario": "{}" }), "scenario: "),
            (json!({ "do": "play", "at_ms": 1 }), "at_ms: is no part"),
        ] {
            let message = with(fields);
            assert!(message.starts_with(beginning), "{message}");
        }
    }
}
