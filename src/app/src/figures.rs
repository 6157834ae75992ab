//! What a run has come to so far, as numbers that can be held against those of another.

use scalesmall_crdt::Fingerprint;
use scalesmall_sim::{Anomalies, Metrics, SimTime, Simulation, Sync};

/// The figures of one run at one moment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figures {
    pub(crate) at: SimTime,
    pub(crate) has_ended: bool,
    pub(crate) has_converged: bool,
    /// What all live nodes show, when they show the same.
    pub(crate) agreed: Option<Fingerprint>,
    /// How many different states there are among the live nodes.
    pub(crate) distinct: usize,
    /// How long after the last operation or heal all agreed, if they do.
    pub(crate) agreed_after_us: Option<u64>,
    /// How long it took on average until all knew of an operation.
    pub(crate) known_after_us: Option<u64>,
    /// Operations that no node has any more, but for what is still on its way.
    pub(crate) operations_lost: u64,
    /// Operations that came where they were known already; nobody counts them in whole states.
    pub(crate) repeated: Option<u64>,
    /// How often what is there is not what people meant, where that is known.
    pub(crate) anomalies: Option<Anomalies>,
    /// The bytes of all operations, merged.
    pub(crate) bytes_kept: u64,
    pub(crate) metrics: Metrics,
}

/// A figure in which the runs compete: the less, the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    AgreedAfter,
    KnownAfter,
    Distinct,
    Bytes,
    Messages,
    Repeated,
    Lost,
    Resurrected,
    Vanished,
    Split,
    Kept,
}

impl Figures {
    pub(crate) fn of(simulation: &Simulation) -> Self {
        let has_converged = simulation.has_converged();
        let held = simulation.truth().context().operations();
        Self {
            at: simulation.now(),
            has_ended: simulation.has_ended(),
            has_converged,
            agreed: simulation.agreed(),
            distinct: simulation.distinct(),
            agreed_after_us: simulation.converged_after_us().filter(|_| has_converged),
            known_after_us: simulation.known_to_all_after_us(),
            operations_lost: (simulation.issued().len() as u64).saturating_sub(held),
            repeated: (simulation.network().gossip.sync != Sync::FullState)
                .then_some(simulation.metrics().duplicates_received),
            anomalies: simulation.anomalies(),
            bytes_kept: simulation.truth().to_bytes().len() as u64,
            metrics: simulation.metrics(),
        }
    }

    /// How many times the bytes are of what could not be done without, in tenths.
    pub(crate) fn bytes_ratio_tenths(&self) -> Option<u64> {
        let Metrics { bytes_sent, payload_bytes_minimum: least, .. } = self.metrics;
        (bytes_sent * 10 + least / 2).checked_div(least)
    }
}

impl Figure {
    /// Those of the network.
    pub(crate) const OF_SPREADING: [Self; 7] = [
        Self::AgreedAfter,
        Self::KnownAfter,
        Self::Distinct,
        Self::Bytes,
        Self::Messages,
        Self::Repeated,
        Self::Lost,
    ];

    /// Those of what it comes to.
    pub(crate) const OF_MEANING: [Self; 4] =
        [Self::Resurrected, Self::Vanished, Self::Split, Self::Kept];

    /// Its value in a run, if there is one yet.
    pub(crate) fn value(self, figures: &Figures) -> Option<u64> {
        match self {
            Self::AgreedAfter => figures.agreed_after_us,
            Self::KnownAfter => figures.known_after_us,
            Self::Distinct => Some(figures.distinct as u64),
            Self::Bytes => Some(figures.metrics.bytes_sent),
            Self::Messages => Some(figures.metrics.messages_sent),
            Self::Repeated => figures.repeated,
            Self::Lost => Some(figures.operations_lost),
            Self::Resurrected => count(figures.anomalies?.resurrected),
            Self::Vanished => count(figures.anomalies?.lost),
            Self::Split => count(Some(figures.anomalies?.split)),
            Self::Kept => Some(figures.bytes_kept),
        }
    }

    /// Which runs are the best in it: none where all are alike. To end in disagreement costs
    /// little and wins nothing.
    pub(crate) fn best(self, runs: &[Figures]) -> Vec<bool> {
        let competes = |run: &&Figures| run.has_converged || !run.has_ended;
        let value = |run: &Figures| Some(run).filter(competes).and_then(|run| self.value(run));
        let least = runs.iter().filter_map(value).min();
        let is_best = |run: &Figures| least.is_some() && value(run) == least;
        match runs.iter().all(is_best) {
            true => vec![false; runs.len()],
            false => runs.iter().map(is_best).collect(),
        }
    }
}

fn count(found: Option<usize>) -> Option<u64> {
    found.map(|count| count as u64)
}

/// A number in groups of three digits, with narrow spaces between that do not break.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use scalesmall_sim::{Outcome, Scenario, builtin};

    fn ended(text: &str) -> (Simulation, Figures) {
        let mut simulation = Simulation::new(Scenario::parse(text).unwrap());
        while simulation.step() {}
        let figures = Figures::of(&simulation);
        (simulation, figures)
    }

    #[test]
    fn they_are_those_of_the_command_line() {
        for (name, text) in builtin::ALL {
            let (simulation, figures) = ended(text);
            let metrics = Outcome::of(&simulation).metrics;
            let ms = |us: Option<u64>| us.map(|us| us / 1_000);
            assert_eq!(ms(figures.agreed_after_us), metrics.converged_after_ms, "{name}");
            assert_eq!(ms(figures.known_after_us), metrics.known_to_all_after_ms, "{name}");
            assert_eq!(Figure::Bytes.value(&figures), Some(metrics.bytes_sent), "{name}");
            assert_eq!(figures.operations_lost, 0, "{name}");
            let ratio = figures.bytes_ratio_tenths().unwrap() as f64 / 10.0;
            let exact = metrics.bytes_sent as f64 / metrics.payload_bytes_minimum as f64;
            assert!((ratio - exact).abs() <= 0.05, "{name}: {ratio}, {exact}");
        }
    }

    #[test]
    fn what_goes_with_the_state_of_the_only_one_who_had_it_is_lost() {
        let text = r#"{ "format": 1, "replicas": ["a", "b"], "network": { "loss": 1 }, "steps": [
            { "on": "a", "do": "register", "claim": ["a", 0, 9] },
            { "on": "a", "do": "register", "claim": ["a", 20, 29] },
            { "on": "b", "do": "register", "claim": ["b", 40, 49] },
            { "at_ms": 5, "crash": "a" }, { "at_ms": 9, "restart": "a", "state": "lost" } ],
            "until": { "max_ms": 100 } }"#;
        assert_eq!(ended(text).1.operations_lost, 2);
    }

    #[test]
    fn the_least_is_the_best_unless_it_ended_in_disagreement() {
        let (_, base) = ended(builtin::ADD_WINS);
        let run = |bytes_sent: u64, has_converged: bool| Figures {
            has_converged,
            metrics: Metrics { bytes_sent, ..base.metrics },
            ..base.clone()
        };
        let best = |runs: &[Figures]| Figure::Bytes.best(runs);
        assert_eq!(best(&[run(7, true), run(9, true), run(7, true)]), [true, false, true]);
        assert_eq!(best(&[run(7, true), run(7, true)]), [false, false]);
        assert_eq!(best(&[run(3, false), run(9, true)]), [false, true]);
        assert_eq!(best(&[run(3, false), run(9, false)]), [false, false]);
        let on_its_way = Figures { has_ended: false, ..run(3, false) };
        assert_eq!(best(&[on_its_way, run(9, true)]), [true, false]);
    }

    #[test]
    fn what_whole_states_repeat_is_not_taken_for_nothing() {
        let text = builtin::FIRST_LIGHT.replace("\"delta\"", "\"full-state\"");
        let ((_, delta), (_, whole)) = (ended(builtin::FIRST_LIGHT), ended(&text));
        assert!(delta.repeated > Some(0));
        assert_eq!(whole.repeated, None);
        assert_eq!(Figure::Repeated.best(&[whole, delta]), [false, true]);
    }

    #[test]
    fn what_was_lost_or_came_back_is_counted_where_it_is_on_record() {
        let figures = |text: &str| {
            let mut simulation = Simulation::with_intentions(Scenario::parse(text).unwrap());
            while simulation.step() {}
            Figures::of(&simulation)
        };
        let lesson = |name: &str| figures(builtin::lesson(name).unwrap());
        let runs = ["who-wins-add", "who-wins-remove", "who-wins-last"].map(lesson);
        let vanished = runs.each_ref().map(|run| Figure::Vanished.value(run));
        assert_eq!(vanished, [Some(0), Some(2), Some(1)]);
        assert_eq!(Figure::Vanished.best(&runs), [true, false, false]);
        assert_eq!(Figure::Resurrected.value(&lesson("naive-counter")), Some(1));
        assert_eq!(Figure::Resurrected.value(&lesson("order-matters")), None);
        assert_eq!(ended(builtin::ADD_WINS).1.anomalies, None);
    }

    #[test]
    fn digits_stand_in_groups_of_three() {
        let shown =
            [0, 999, 1_000, 65_536, 1_234_567].map(grouped).map(|it| it.replace('\u{202f}', " "));
        assert_eq!(shown, ["0", "999", "1 000", "65 536", "1 234 567"]);
    }
}
