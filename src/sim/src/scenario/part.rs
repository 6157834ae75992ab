//! A scenario with less in it.

use super::check::course::Course;
use super::setting::Changes;
use super::{Action, Request, Scenario, Step};

impl Scenario {
    /// How many operations and steps there are.
    pub(crate) fn parts(&self) -> usize {
        self.start.len() + self.steps.len()
    }

    /// The scenario with only those of its founders that `has_founder` says, and with only those of
    /// the operations under `start` and then the steps that `has` says. What cannot be without the
    /// others is left out as well: what is asked of nodes that are not there, a restart of what has
    /// not crashed. A step that changes the network changes what it did. Nothing where no founder
    /// is left.
    pub(crate) fn part(
        &self,
        has_founder: impl Fn(usize) -> bool,
        has: impl Fn(usize) -> bool,
    ) -> Option<Self> {
        // Where each replica stands now, if it is there.
        let mut places = vec![None; self.replicas.len()];
        let mut replicas = Vec::new();
        for founder in (0..self.founders).filter(|&founder| has_founder(founder)) {
            places[founder] = Some(replicas.len());
            replicas.push(self.replicas[founder].clone());
        }
        let founders = replicas.len();
        if founders == 0 {
            return None;
        }
        let start = self.start.iter().zip(0..).filter(|&(_, index)| has(index));
        let start = start.filter_map(|(Request { on, operation }, _)| {
            Some(Request { on: places[*on]?, operation: operation.clone() })
        });
        let start = start.collect();

        let kept = self.incarnations.iter().zip(&places).filter(|(_, place)| place.is_some());
        let incarnations: Vec<u32> = kept.map(|(&incarnation, _)| incarnation).collect();
        let mut course = Course::new(self.network.clone(), founders, &incarnations);
        let (mut steps, mut network, mut joining) = (Vec::new(), &self.network, self.founders..);
        for (Step { at, action }, index) in self.steps.iter().zip(self.start.len()..) {
            let newcomer = matches!(action, Action::Join { .. }).then(|| joining.next()).flatten();
            let mut kept = action.clone();
            if let Action::Network(settings) = action {
                kept = Action::Network(
                    Changes::between(network, settings).applied_to(&course.network),
                );
                network = settings;
            }
            let can_be =
                has(index) && kept.renumber(&places) && course.follow("", &kept, &replicas).is_ok();
            if !can_be {
                continue;
            }
            if let Some(newcomer) = newcomer {
                places[newcomer] = Some(replicas.len());
                replicas.push(self.replicas[newcomer].clone());
            }
            steps.push(Step { at: *at, action: kept });
        }
        let (title, replicas) = (self.title.clone(), replicas.into());
        let network = self.network.clone();
        let (seed, data_type, until) = (self.seed, self.data_type, self.until);
        Some(Self {
            title,
            seed,
            replicas,
            founders,
            incarnations,
            data_type,
            network,
            start,
            steps,
            until,
        })
    }
}

impl Action {
    /// Gives replicas their new places. False if the step names one that has none; a partition
    /// goes on without it.
    fn renumber(&mut self, places: &[Option<usize>]) -> bool {
        if let Self::Partition(groups) = self {
            for group in &mut *groups {
                *group = group.iter().filter_map(|&it| places[it]).collect();
            }
            groups.retain(|group| !group.is_empty());
            return true;
        }
        self.replicas_mut().into_iter().all(|replica| match places[*replica] {
            Some(place) => {
                *replica = place;
                true
            }
            None => false,
        })
    }

    /// The replicas that it names; not those of a partition.
    fn replicas_mut(&mut self) -> Vec<&mut usize> {
        match self {
            Self::Operation(request) => vec![&mut request.on],
            Self::Crash(replica)
            | Self::Restart { replica, .. }
            | Self::Leave(replica)
            | Self::Pause(replica)
            | Self::Resume(replica)
            | Self::Observe(replica)
            | Self::Join { through: replica }
            | Self::ClockSkew { replica, .. }
            | Self::Watch { replica, .. }
            | Self::Receive { replica, .. } => vec![replica],
            Self::Retire { replica, on } => vec![replica, on],
            Self::Sync { from, to }
            | Self::Send { from, to, .. }
            | Self::Cut { from, to }
            | Self::Mend { from, to }
            | Self::Clog { from, to }
            | Self::Unclog { from, to }
            | Self::Message { from, to, .. } => vec![from, to],
            Self::Partition(_) | Self::Heal | Self::Network(_) | Self::Deliver(_) => Vec::new(),
        }
    }
}
