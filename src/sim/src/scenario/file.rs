//! The scenario file as it is written: its form, not yet its meaning.

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::ScenarioError;
use super::form::{Number, Object, Rate, Signed, Whole, array, given};
use crate::limits::FILE_BYTES_MAX;

/// The only format there is so far.
pub(super) const FORMAT: u64 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScenarioFile {
    #[serde(rename = "format")]
    _format: Whole,
    #[serde(default)]
    pub(super) title: String,
    #[serde(default)]
    pub(super) seed: Whole,
    pub(super) replicas: Vec<String>,
    #[serde(default)]
    pub(super) incarnations: Vec<Whole>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    #[serde(default)]
    pub(super) network: Object<NetworkFile>,
    #[serde(default)]
    pub(super) start: Vec<Object<StepFile>>,
    #[serde(default)]
    pub(super) steps: Vec<Object<StepFile>>,
    #[serde(default)]
    pub(super) until: Object<UntilFile>,
    pub(super) load: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct FormatOnly {
    format: Option<Whole>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UntilFile {
    pub(super) converged: Option<bool>,
    pub(super) max_ms: Option<Whole>,
}

/// Settings of the network; those that are absent stay as they are.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NetworkFile {
    pub(super) mode: Option<String>,
    pub(super) strategy: Option<String>,
    pub(super) sync: Option<String>,
    pub(super) anti_entropy: Option<bool>,
    pub(super) latency_ms: Option<LatencyFile>,
    #[serde(default, deserialize_with = "given")]
    pub(super) bytes_per_s: Option<Rate>,
    pub(super) loss: Option<Number>,
    pub(super) duplicate: Option<Number>,
    pub(super) reorder: Option<Number>,
    pub(super) interval_ms: Option<Whole>,
    pub(super) fanout: Option<Whole>,
    pub(super) history: Option<Whole>,
    pub(super) history_outside: Option<Whole>,
    pub(super) history_stable: Option<String>,
    pub(super) interest: Option<bool>,
    pub(super) failure_detection: Option<bool>,
    pub(super) probe_ms: Option<Whole>,
    pub(super) suspicion_ms: Option<Whole>,
    pub(super) dead_claims: Option<String>,
    pub(super) release_after_ms: Option<Whole>,
}

array! {
    /// A claim.
    ClaimFile { node: String, start: Whole, end: Whole } "a claim: [node, start, end]"
}
array! {
    /// The keys that a Tighten leaves.
    RangeFile { start: Whole, end: Whole } "a range: [start, end]"
}
array! {
    /// What a message takes.
    LatencyFile { least: Whole, most: Whole } "[least, most]"
}
array! {
    /// Between whom messages go.
    PairFile { from: String, to: String } "two replicas: [from, to]"
}

array! {
    /// A message on its way.
    MessageFile { from: String, to: String, number: Whole }
    "a message: [from, to, number]"
}

/// A step of any kind: one field says which, others go with it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepFile {
    pub(super) at_ms: Option<Whole>,

    #[serde(rename = "do")]
    pub(super) operation: Option<String>,
    pub(super) on: Option<String>,
    pub(super) claim: Option<ClaimFile>,
    pub(super) by: Option<Whole>,
    pub(super) to: Option<RangeFile>,
    pub(super) at: Option<Whole>,

    pub(super) partition: Option<Vec<Vec<String>>>,
    pub(super) heal: Option<bool>,
    pub(super) cut: Option<PairFile>,
    pub(super) mend: Option<PairFile>,
    pub(super) clog: Option<PairFile>,
    pub(super) unclog: Option<PairFile>,
    pub(super) hold: Option<MessageFile>,
    pub(super) pass: Option<MessageFile>,
    pub(super) lose: Option<MessageFile>,
    pub(super) repeat: Option<MessageFile>,
    pub(super) crash: Option<String>,
    pub(super) restart: Option<String>,
    pub(super) state: Option<String>,
    pub(super) incarnation: Option<Whole>,
    pub(super) pause: Option<String>,
    pub(super) resume: Option<String>,
    pub(super) network: Option<Object<NetworkFile>>,

    pub(super) retire: Option<String>,
    pub(super) join: Option<String>,
    pub(super) through: Option<String>,
    pub(super) leave: Option<String>,
    pub(super) watch: Option<Vec<RangeFile>>,
    pub(super) clock_skew_ms: Option<Signed>,

    pub(super) sync: Option<PairFile>,
    pub(super) send: Option<PairFile>,
    #[serde(rename = "as")]
    pub(super) name: Option<String>,
    pub(super) only: Option<String>,
    pub(super) deliver: Option<String>,
    pub(super) receive: Option<String>,
    pub(super) observe: Option<String>,
}

/// Reads the form of a scenario file.
pub(super) fn read(text: &str) -> Result<ScenarioFile, ScenarioError> {
    if text.len() > FILE_BYTES_MAX {
        let reason = format!("the file has more than {FILE_BYTES_MAX} bytes");
        return Err(ScenarioError::value("", reason));
    }
    // The format first: in another one, nothing else need look as it does here.
    let Object(FormatOnly { format }) = from_json(text)?;
    match format {
        Some(Whole(FORMAT)) => from_json(text).map(|Object(file)| file),
        Some(Whole(other)) => {
            let reason = format!("{other} is not a format that is known here; known: {FORMAT}");
            Err(ScenarioError::value("format", reason))
        }
        None => Err(ScenarioError::value("format", format!("is missing; known: {FORMAT}"))),
    }
}

fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, ScenarioError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let form = |place: &str, error: &serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        let reason = error.to_string();
        let position = format!(" at line {line} column {column}");
        let reason = reason.strip_suffix(&position).unwrap_or(&reason);
        // Before the first character of a line, serde_json counts 0.
        ScenarioError::form(place, line, column.max(1), reason)
    };
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        // The last part of the path is unknown where the text breaks off in the middle.
        let place = path.strip_suffix('?').unwrap_or(&path);
        form(place.strip_suffix('.').unwrap_or(place), error.inner())
    })?;
    json.end().map_err(|error| form("", &error))?;
    Ok(read)
}
