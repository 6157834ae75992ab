//! The settings of the network, and those by default.

use std::num::NonZeroU32;

use scalesmall_node::{DeadClaims, Depth, Detection, Settings, Strategy, Sync};

use super::super::file::{LatencyFile, NetworkFile};
use super::super::form::{Number, Rate, Whole};
use super::value::{Checked, choose, known, number, wrong};
use crate::limits::{BYTES_PER_S_MAX, FANOUT_MAX, HISTORY_MAX, INTERVAL_MS_MAX, LATENCY_MS_MAX};
use crate::{Mode, NetworkSettings, Probability};

/// The network of a file that does not say otherwise.
pub(in crate::scenario) const DEFAULT_NETWORK: NetworkSettings = NetworkSettings {
    mode: Mode::Gossip,
    latency_us: [20_000, 80_000],
    bytes_per_s: None,
    loss: Probability::NEVER,
    duplicate: Probability::NEVER,
    reorder: Probability::NEVER,
    gossip: Settings {
        interval_us: 200_000,
        fanout: 1,
        strategy: Strategy::PushPull,
        sync: Sync::Delta,
        anti_entropy: true,
        interest: false,
        history: Depth { inside: 4_096, outside: 4_096, forgets_stable: false },
        detection: None,
    },
};

/// The failure detection of a file that does not say more than that there is one.
pub(in crate::scenario) const DEFAULT_DETECTION: Detection =
    Detection { probe_us: 1_000_000, suspicion_us: 3_000_000, dead_claims: DeadClaims::Keep };

/// How long dead nodes' claims are kept where a file does not say it.
pub(in crate::scenario) const RELEASE_AFTER_US_DEFAULT: u32 = 5_000_000;

pub(super) fn network(
    place: &str,
    base: &NetworkSettings,
    file: NetworkFile,
) -> Checked<NetworkSettings> {
    let at = |field: &str| format!("{place}.{field}");
    let mut network = base.clone();
    known(&at("mode"), file.mode.as_deref(), &["gossip", "manual"])?;
    if file.mode.as_deref() == Some("manual") {
        network.mode = Mode::Manual;
    }
    let gossip = &mut network.gossip;
    let strategies = Strategy::ALL.map(|strategy| (strategy.name(), strategy));
    let syncs = Sync::ALL.map(|sync| (sync.name(), sync));
    choose(&at("strategy"), file.strategy.as_deref(), &strategies, &mut gossip.strategy)?;
    choose(&at("sync"), file.sync.as_deref(), &syncs, &mut gossip.sync)?;
    gossip.anti_entropy = file.anti_entropy.unwrap_or(gossip.anti_entropy);
    if let Some(LatencyFile { least, most }) = file.latency_ms {
        let least: u32 = number(&at("latency_ms[0]"), least, 0..=LATENCY_MS_MAX)?;
        let most: u32 = number(&at("latency_ms[1]"), most, 0..=LATENCY_MS_MAX)?;
        network.latency_us = [least * 1_000, most * 1_000];
        if least > most {
            return wrong(
                &at("latency_ms"),
                format!("the least, {least}, is more than the most, {most}"),
            );
        }
    }
    match file.bytes_per_s {
        Some(Rate::Limited(rate)) => {
            let rate: u32 = number(&at("bytes_per_s"), rate, 1..=BYTES_PER_S_MAX)?;
            network.bytes_per_s = NonZeroU32::new(rate);
        }
        Some(Rate::Unlimited) => network.bytes_per_s = None,
        None => {}
    }
    let chances = [
        ("loss", file.loss, &mut network.loss),
        ("duplicate", file.duplicate, &mut network.duplicate),
        ("reorder", file.reorder, &mut network.reorder),
    ];
    for (field, given, setting) in chances {
        let Some(Number(given)) = given else { continue };
        let Some(probability) = Probability::new(given) else {
            return wrong(&at(field), format!("{given:?} is not a probability, 0 to 1"));
        };
        *setting = probability;
    }
    if let Some(ms) = file.interval_ms {
        let ms: u32 = number(&at("interval_ms"), ms, 1..=INTERVAL_MS_MAX)?;
        network.gossip.interval_us = ms * 1_000;
    }
    network.gossip.interest = file.interest.unwrap_or(network.gossip.interest);
    let depth = &mut network.gossip.history;
    if let Some(history) = file.history {
        let count = number(&at("history"), history, 1..=HISTORY_MAX)?;
        // Where nothing else is said, what is outside a node's interest is kept as well.
        (depth.inside, depth.outside) = (count, count);
    }
    if let Some(outside) = file.history_outside {
        depth.outside = number(&at("history_outside"), outside, 0..=depth.inside)?;
    }
    let words = [("keep", false), ("forget", true)];
    let stable = file.history_stable.as_deref();
    choose(&at("history_stable"), stable, &words, &mut depth.forgets_stable)?;
    if let Some(fanout) = file.fanout {
        network.gossip.fanout = number(&at("fanout"), fanout, 1..=FANOUT_MAX)?;
    }
    network.gossip.detection = detection(place, network.gossip.detection, &file)?;
    Ok(network)
}

/// How failures are detected, if they are.
fn detection(
    place: &str,
    base: Option<Detection>,
    file: &NetworkFile,
) -> Checked<Option<Detection>> {
    let at = |field: &str| format!("{place}.{field}");
    let details = [
        ("probe_ms", file.probe_ms.is_some()),
        ("suspicion_ms", file.suspicion_ms.is_some()),
        ("dead_claims", file.dead_claims.is_some()),
        ("release_after_ms", file.release_after_ms.is_some()),
    ];
    if !file.failure_detection.unwrap_or(base.is_some()) {
        return match details.iter().find(|(_, present)| *present) {
            Some((field, _)) => wrong(&at(field), "goes with `failure_detection`: true"),
            None => Ok(None),
        };
    }
    let mut detection = base.unwrap_or(DEFAULT_DETECTION);
    let ms = |field: &str, given: Option<Whole>, setting: &mut u32| -> Checked<()> {
        let Some(given) = given else { return Ok(()) };
        *setting = number::<u32>(&at(field), given, 1..=INTERVAL_MS_MAX)? * 1_000;
        Ok(())
    };
    ms("probe_ms", file.probe_ms, &mut detection.probe_us)?;
    ms("suspicion_ms", file.suspicion_ms, &mut detection.suspicion_us)?;
    let mut releases = matches!(detection.dead_claims, DeadClaims::ReleaseAfter(_));
    let words = [("keep", false), ("release-after", true)];
    choose(&at("dead_claims"), file.dead_claims.as_deref(), &words, &mut releases)?;
    let mut release_after_us = match detection.dead_claims {
        DeadClaims::ReleaseAfter(us) => us,
        DeadClaims::Keep => RELEASE_AFTER_US_DEFAULT,
    };
    if file.release_after_ms.is_some() && !releases {
        return wrong(&at("release_after_ms"), "goes with `dead_claims`: \"release-after\"");
    }
    ms("release_after_ms", file.release_after_ms, &mut release_after_us)?;
    detection.dead_claims = match releases {
        true => DeadClaims::ReleaseAfter(release_after_us),
        false => DeadClaims::Keep,
    };
    Ok(Some(detection))
}
