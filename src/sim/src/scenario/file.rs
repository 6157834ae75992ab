//! The scenario file as it is written: its form, not yet its meaning.

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::ScenarioError;
use crate::limits::FILE_BYTES_MAX;

/// The only format there is so far.
const FORMAT: u64 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScenarioFile {
    #[serde(rename = "format")]
    _format: u64,
    #[serde(default)]
    pub(super) title: String,
    #[serde(default)]
    pub(super) seed: u64,
    pub(super) replicas: Vec<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    #[serde(default)]
    pub(super) network: NetworkFile,
    #[serde(default)]
    pub(super) start: Vec<StepFile>,
    #[serde(default)]
    pub(super) steps: Vec<StepFile>,
    #[serde(default)]
    pub(super) until: UntilFile,
    pub(super) load: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct FormatOnly {
    format: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UntilFile {
    pub(super) converged: Option<bool>,
    pub(super) max_ms: Option<u64>,
}

/// Settings of the network; those that are absent stay as they are.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NetworkFile {
    pub(super) mode: Option<String>,
    pub(super) strategy: Option<String>,
    pub(super) sync: Option<String>,
    pub(super) anti_entropy: Option<bool>,
    pub(super) latency_ms: Option<(u64, u64)>,
    pub(super) loss: Option<f64>,
    pub(super) duplicate: Option<f64>,
    pub(super) reorder: Option<f64>,
    pub(super) interval_ms: Option<u64>,
    pub(super) fanout: Option<u64>,
}

/// A claim: node, start, end.
pub(super) type ClaimFile = (String, u64, u64);

/// A step of any kind: one field says which, others go with it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepFile {
    pub(super) at_ms: Option<u64>,

    #[serde(rename = "do")]
    pub(super) operation: Option<String>,
    pub(super) on: Option<String>,
    pub(super) claim: Option<ClaimFile>,
    pub(super) by: Option<u64>,
    pub(super) to: Option<(u64, u64)>,

    pub(super) partition: Option<Vec<Vec<String>>>,
    pub(super) heal: Option<bool>,
    pub(super) crash: Option<String>,
    pub(super) restart: Option<String>,
    pub(super) state: Option<String>,
    pub(super) pause: Option<String>,
    pub(super) resume: Option<String>,
    pub(super) network: Option<NetworkFile>,

    pub(super) retire: Option<String>,
    pub(super) join: Option<String>,
    pub(super) through: Option<String>,
    pub(super) clock_skew_ms: Option<i64>,

    pub(super) sync: Option<(String, String)>,
    pub(super) send: Option<(String, String)>,
    #[serde(rename = "as")]
    pub(super) name: Option<String>,
    pub(super) only: Option<String>,
    pub(super) deliver: Option<String>,
    pub(super) observe: Option<String>,
}

/// Reads the form of a scenario file.
pub(super) fn read(text: &str) -> Result<ScenarioFile, ScenarioError> {
    if text.len() > FILE_BYTES_MAX {
        let reason = format!("the file has {} bytes, more than {FILE_BYTES_MAX}", text.len());
        return Err(ScenarioError::value("file", reason));
    }
    // The format first: in another one, nothing else need look as it does here.
    let FormatOnly { format } = from_json(text)?;
    match format {
        Some(FORMAT) => from_json(text),
        Some(other) => {
            let reason = format!("{other} is not a format that is known here; known: {FORMAT}");
            Err(ScenarioError::value("format", reason))
        }
        None => Err(ScenarioError::value("format", format!("is missing; known: {FORMAT}"))),
    }
}

fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, ScenarioError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let form = |place: String, error: &serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        let reason = error.to_string();
        let position = format!(" at line {line} column {column}");
        let reason = reason.strip_suffix(&position).unwrap_or(&reason).to_owned();
        ScenarioError::Form { place, line, column, reason }
    };
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        form(if path == "." { String::new() } else { path }, error.inner())
    })?;
    json.end().map_err(|error| form(String::new(), &error))?;
    Ok(read)
}
