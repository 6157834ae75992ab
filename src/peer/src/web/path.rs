//! What a connection runs over, from the browser's statistics.

use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{RtcPeerConnection, RtcStatsReport};

use super::Path;
use super::pause::pause;

/// How often to look again, and after how long, where an end is known by its messages alone: most
/// often it is about to say itself who it is.
const LOOKS_MAX: usize = 5;
const LOOK_PAUSE_MS: i32 = 40;

/// What an open connection runs over.
pub(super) async fn path_of(rtc: &RtcPeerConnection) -> Path {
    for look in 1.. {
        let Some(kinds) = candidate_kinds(rtc).await else { return Path::Unknown };
        let has = |kind| kinds.iter().any(|other| other == kind);
        if has("relay") {
            return Path::Relay;
        } else if !has("srflx") && !has("prflx") {
            return Path::Host;
        } else if has("srflx") || look == LOOKS_MAX {
            break;
        }
        pause(LOOK_PAUSE_MS).await;
    }
    Path::Reflexive
}

/// The kinds of the two ends that were selected, if the browser says so.
async fn candidate_kinds(rtc: &RtcPeerConnection) -> Option<[String; 2]> {
    let report: RtcStatsReport = JsFuture::from(rtc.get_stats()).await.ok()?.unchecked_into();
    let stats: Vec<JsValue> = report.values().into_iter().flatten().collect();
    let selected = stats.iter().find_map(|stat| text(stat, "selectedCandidatePairId"));
    let pair = match selected {
        Some(id) => report.get(&id)?.into(),
        // Not every browser tells which it has selected.
        None => stats.into_iter().find(|stat| {
            text(stat, "type").as_deref() == Some("candidate-pair")
                && text(stat, "state").as_deref() == Some("succeeded")
        })?,
    };
    let kind = |end| text(&report.get(&text(&pair, end)?)?.into(), "candidateType");
    Some([kind("localCandidateId")?, kind("remoteCandidateId")?])
}

fn text(stat: &JsValue, name: &str) -> Option<String> {
    Reflect::get(stat, &name.into()).ok()?.as_string()
}
