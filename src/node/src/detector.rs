//! Who is there: failure detection by SWIM.
//!
//! # Problem
//!
//! Whoever has crashed, or is cut off, should not be waited for. Das, Gupta, Motivala 2002, "SWIM:
//! scalable weakly-consistent infection-style process group membership protocol": each node probes
//! one other at a time, asks a few more to try where no answer comes, suspects, and tells the
//! others along with its probes. It is `foca`'s; here is what ties it to a node.
//!
//! # Model
//!
//! What is found out here is an opinion about who answers at present. Who is a member, and so whose
//! word is needed before something is folded, is the [roster](scalesmall_crdt::Roster)'s matter:
//! suspicion does not change that.
//!
//! A node can be copied (a checkpoint of a run is a copy of it), `foca`'s state cannot. So what
//! `foca` was told is kept, and a copy is told the same, once it is needed. To bound that, `foca`
//! is begun anew from time to time with the members as they are then, if possible when it has
//! nothing left to tell.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::{NonZeroU8, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use foca::{Codec, Foca, Member, NoCustomBroadcast, Notification, PostcardCodec, Runtime, State};
use rand_core::SeedableRng;
use rand_pcg::Pcg32;
use scalesmall_crdt::{NodeId, ReplicaId};
use serde::{Deserialize, Serialize};

use crate::SimTime;

/// How much is kept before `foca` is begun anew, if it has nothing left to tell; and if it has.
const TOLD_MAX: [usize; 2] = [512, 4_096];
/// How many nodes are watched; what is heard of more is left out.
const WATCHED_MAX: usize = 20_000;
/// The most bytes that failure detectors say at a time.
pub const PROBE_BYTES_MAX: usize = 1_400;

/// How failures are detected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detection {
    /// How often a node probes another one, in microseconds; at least 3.
    pub probe_us: u32,
    /// How long a node that does not answer is suspected before it counts as down, in microseconds;
    /// at least 1.
    pub suspicion_us: u32,
    /// What is done about the claims of a node that is down.
    pub dead_claims: DeadClaims,
}

/// What is done about the claims of a node that is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadClaims {
    /// Nothing.
    Keep,
    /// Whoever still sees it down so many microseconds later releases them. Several may do so at
    /// once; it is the same as one. Whoever was only cut off registers them again.
    ReleaseAfter(u32),
}

/// A node as SWIM knows it. Of two with one name the greater counts: it has come back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Identity {
    node: NodeId,
    incarnation: u32,
    /// How often it has come back after others had taken it for dead.
    returns: u32,
}

impl Identity {
    fn of(replica: &ReplicaId) -> Self {
        Self::returned(replica, 0)
    }

    fn returned(ReplicaId { node, incarnation }: &ReplicaId, returns: u32) -> Self {
        Self { node: node.clone(), incarnation: *incarnation, returns }
    }
}

impl foca::Identity for Identity {
    type Addr = NodeId;

    fn renew(&self) -> Option<Self> {
        Some(Self { returns: self.returns.checked_add(1)?, ..self.clone() })
    }

    fn addr(&self) -> NodeId {
        self.node.clone()
    }

    fn win_addr_conflict(&self, adversary: &Self) -> bool {
        self > adversary
    }
}

/// What a detector wants done.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Messages to send.
    pub(crate) messages: Vec<(NodeId, Arc<[u8]>)>,
    /// Who is there that was not.
    pub(crate) up: Vec<NodeId>,
    /// Who is down that was not.
    pub(crate) down: Vec<NodeId>,
    /// Whether others had taken this node for dead.
    pub(crate) has_returned: bool,
}

/// One node's opinion of who is there.
#[derive(Clone)]
pub(crate) struct Detector {
    settings: Detection,
    origin: Arc<Origin>,
    /// What `foca` has been told since its origin.
    told: Arc<Vec<Told>>,
    machine: Machine,
    /// `foca`'s timers, by the time at which they are due and then in order.
    timers: BTreeMap<(SimTime, u64), foca::Timer<Identity>>,
    timers_set: u64,
    down: BTreeSet<NodeId>,
    /// The latest message, which says as whom this node speaks.
    latest: Option<Arc<[u8]>>,
}

/// How `foca` begins.
struct Origin {
    identity: Identity,
    config: foca::Config,
    seed: u64,
}

#[derive(Clone)]
enum Told {
    Members(Vec<Member<Identity>>),
    Data(Arc<[u8]>),
    Timer(foca::Timer<Identity>),
    Leave,
}

type Swim = Foca<Identity, PostcardCodec, Pcg32, NoCustomBroadcast>;

/// `foca`, or nothing in a copy that has not been needed yet.
struct Machine(Option<Box<Swim>>);

impl Clone for Machine {
    fn clone(&self) -> Self {
        Self(None)
    }
}

impl Origin {
    fn begin(&self) -> Box<Swim> {
        let random = Pcg32::seed_from_u64(self.seed);
        Box::new(Foca::new(self.identity.clone(), self.config.clone(), random, PostcardCodec))
    }
}

/// `foca`'s parameters for so many nodes.
fn config(settings: Detection, nodes: usize) -> foca::Config {
    let probe_us = u64::from(settings.probe_us);
    let every = |us: u64, nodes: usize| {
        let frequency = Duration::from_micros(us.max(1));
        let num_members = NonZeroUsize::new(nodes).expect("it is not 0");
        Some(foca::PeriodicParams { frequency, num_members })
    };
    // So often that all hear of it, mostly.
    let transmissions = u8::try_from(4 + 2 * nodes.max(1).ilog2()).unwrap_or(u8::MAX);
    foca::Config {
        probe_period: Duration::from_micros(probe_us),
        probe_rtt: Duration::from_micros((probe_us / 3).max(1)),
        num_indirect_probes: NonZeroUsize::new(3).expect("it is not 0"),
        max_transmissions: NonZeroU8::new(transmissions).expect("it is not 0"),
        suspect_to_down_after: Duration::from_micros(u64::from(settings.suspicion_us)),
        // Whoever comes back does so under another identity.
        remove_down_after: None,
        max_packet_size: NonZeroUsize::new(PROBE_BYTES_MAX).expect("it is not 0"),
        notify_down_members: true,
        periodic_announce: every(probe_us * 10, 1),
        periodic_announce_to_down_members: every(probe_us * 3, 2),
        periodic_gossip: every(probe_us / 5, 3),
    }
}

impl Detector {
    /// The opinion of `own`, which has not heard of anybody, and has come back so many times.
    pub(crate) fn new(
        own: &ReplicaId,
        returns: u32,
        settings: Detection,
        nodes: usize,
        seed: u64,
    ) -> Self {
        let identity = Identity::returned(own, returns);
        Self {
            settings,
            origin: Arc::new(Origin { identity, config: config(settings, nodes), seed }),
            told: Arc::default(),
            machine: Machine(None),
            timers: BTreeMap::new(),
            timers_set: 0,
            down: BTreeSet::new(),
            latest: None,
        }
    }

    /// How often this node has come back.
    pub(crate) fn returns(&self) -> u32 {
        self.spoken_as().map_or(self.origin.identity.returns, |header| header.src.returns)
    }

    /// As whom this node has spoken last: `foca` does not say it otherwise.
    fn spoken_as(&self) -> Option<foca::Header<Identity>> {
        PostcardCodec.decode_header(&self.latest.as_ref()?[..]).ok()
    }

    pub(crate) fn settings(&self) -> Detection {
        self.settings
    }

    pub(crate) fn is_down(&self, node: &NodeId) -> bool {
        self.down.contains(node)
    }

    pub(crate) fn down(&self) -> &BTreeSet<NodeId> {
        &self.down
    }

    pub(crate) fn follow_clock_back(&mut self, by_us: u64) {
        let timers = std::mem::take(&mut self.timers).into_iter();
        let earlier = timers.map(|((at, number), timer)| ((at.earlier_by(by_us), number), timer));
        self.timers.extend(earlier);
    }

    /// When it has something to do next.
    pub(crate) fn next_time(&self) -> Option<SimTime> {
        self.timers.first_key_value().map(|(&(at, _), _)| at)
    }

    /// These are members; they are taken to be there until they do not answer.
    pub(crate) fn expect<'a>(
        &mut self,
        now: SimTime,
        members: impl Iterator<Item = &'a ReplicaId>,
    ) -> Findings {
        let own = &self.origin.identity.node;
        let others = members.filter(|replica| replica.node != *own);
        let members = others.map(|replica| Member::alive(Identity::of(replica))).collect();
        self.tell(now, Told::Members(members))
    }

    pub(crate) fn receive(&mut self, now: SimTime, data: Arc<[u8]>) -> Findings {
        if data.len() > PROBE_BYTES_MAX {
            return Findings::default();
        }
        self.tell(now, Told::Data(data))
    }

    /// Does what is due.
    pub(crate) fn wake(&mut self, now: SimTime) -> Findings {
        let mut findings = Findings::default();
        while let Some(entry) = self.timers.first_entry().filter(|entry| entry.key().0 <= now) {
            let timer = entry.remove();
            findings.add(self.tell(now, Told::Timer(timer)));
        }
        findings
    }

    /// Says goodbye.
    pub(crate) fn leave(&mut self, now: SimTime) -> Findings {
        self.tell(now, Told::Leave)
    }

    fn tell(&mut self, now: SimTime, told: Told) -> Findings {
        let Self { origin, told: before, machine, .. } = self;
        let foca = machine.0.get_or_insert_with(|| {
            let mut foca = origin.begin();
            for told in before.iter() {
                told.tell(&mut foca, &mut Said::default());
            }
            foca
        });
        let mut said = Said::default();
        told.tell(foca, &mut said);
        Arc::make_mut(&mut self.told).push(told);
        let mut findings = self.follow(now, said);
        self.begin_anew_if_due(now, &mut findings);
        findings
    }

    fn follow(&mut self, now: SimTime, said: Said) -> Findings {
        for (timer, pause) in said.timers {
            let pause_us = u64::try_from(pause.as_micros()).unwrap_or(u64::MAX);
            self.timers.insert((now + pause_us, self.timers_set), timer);
            self.timers_set += 1;
        }
        let mut findings = said.findings;
        findings.up.retain(|node| self.down.remove(node));
        findings.down.retain(|node| self.down.insert(node.clone()));
        if let Some((_, latest)) = findings.messages.last() {
            self.latest = Some(Arc::clone(latest));
        }
        findings
    }

    fn begin_anew_if_due(&mut self, now: SimTime, findings: &mut Findings) {
        let Some(foca) = &self.machine.0 else { return };
        let [soft, hard] = TOLD_MAX;
        if self.told.len() < soft || (self.told.len() < hard && foca.updates_backlog() > 0) {
            return;
        }
        let mut members: Vec<Member<Identity>> = foca.iter_membership_state().cloned().collect();
        members.truncate(WATCHED_MAX);
        let own = self.spoken_as().map_or(0, |header| header.src_incarnation);
        // Who hears of a suspicion of itself goes one further.
        if let Some(before) = own.checked_sub(1) {
            members.push(Member::new(foca.identity().clone(), before, State::Suspect));
        }
        let Origin { config, seed, .. } = &*self.origin;
        let origin = Origin {
            identity: foca.identity().clone(),
            config: config.clone(),
            seed: seed.wrapping_add(1),
        };
        let mut foca = origin.begin();
        let mut said = Said::default();
        let told = Told::Members(members);
        told.tell(&mut foca, &mut said);
        (self.origin, self.told) = (Arc::new(origin), Arc::new(vec![told]));
        self.machine = Machine(Some(foca));
        self.timers.clear();
        // What it says of the members is known.
        said.findings = Findings { messages: said.findings.messages, ..Findings::default() };
        findings.add(self.follow(now, said));
    }
}

impl fmt::Debug for Detector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Detector").field("down", &self.down).finish_non_exhaustive()
    }
}

impl Told {
    /// What `foca` finds fault with comes from others, and is left out.
    fn tell(&self, foca: &mut Swim, said: &mut Said) {
        let _ = match self {
            Self::Members(members) => foca.apply_many(members.iter().cloned(), false, said),
            Self::Data(data) if foca.iter_membership_state().len() < WATCHED_MAX => {
                foca.handle_data(data, said)
            }
            Self::Data(_) => Ok(()),
            Self::Timer(timer) => foca.handle_timer(timer.clone(), said),
            Self::Leave => foca.leave_cluster(said),
        };
    }
}

/// What `foca` says at a time.
#[derive(Default)]
struct Said {
    findings: Findings,
    timers: Vec<(foca::Timer<Identity>, Duration)>,
}

impl Runtime<Identity> for Said {
    fn notify(&mut self, notification: Notification<'_, Identity>) {
        match notification {
            Notification::MemberUp(identity) => self.findings.up.push(identity.node.clone()),
            Notification::MemberDown(identity) => {
                self.findings.up.retain(|node| *node != identity.node);
                self.findings.down.push(identity.node.clone());
            }
            Notification::Rejoin(_) => self.findings.has_returned = true,
            _ => {}
        }
    }

    fn send_to(&mut self, to: Identity, data: &[u8]) {
        self.findings.messages.push((to.node, data.into()));
    }

    fn submit_after(&mut self, event: foca::Timer<Identity>, after: Duration) {
        self.timers.push((event, after));
    }
}

impl Findings {
    fn add(&mut self, later: Self) {
        self.messages.extend(later.messages);
        self.up.extend(later.up);
        self.down.extend(later.down);
        self.has_returned |= later.has_returned;
    }
}
