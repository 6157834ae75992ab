//! The root component: turns what happens into messages, keeps the frames going while something
//! moves, and paints outside of the virtual document.

mod arriving;
mod doing;
mod looking;
mod message;
mod page;
mod painting;
mod shrink;
mod timeline;

pub(crate) use message::Message;

use std::sync::Arc;

use gloo::events::{EventListener, EventListenerOptions};
use gloo::render::{AnimationFrame, request_animation_frame};
use gloo::utils::{body, window};
use scalesmall_crdt::{Key, KeyRange, NodeId};
use scalesmall_sim::{Action, Mode, Scenario, SimTime};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{KeyboardEvent, MediaQueryList};
use yew::prelude::*;

use self::arriving::{loaded_from, player};
use self::painting::PaintedDivergence;
use self::timeline::Timeline;
use crate::address::Wish;
use crate::announcer::Announcer;
use crate::arrival::Arrival;
use crate::bands::Bands;
use crate::components::{Help, LogFacts, Mark, Merge, NetworkFacts, NodeFacts, Status, marks};
use crate::embed::{Embedded, Embedding, Heard};
use crate::identity::Identities;
use crate::keyboard;
use crate::live;
use crate::location::{fragment, go_to, go_to_instead};
use crate::merging::Merging;
use crate::paint::Pixels;
use crate::picture::{Photographer, Picture};
use crate::player::{Player, State};
use crate::portrait::{self, Scene};
use crate::preferences::Preferences;
use crate::problem::Problem;
use crate::setting::Setting;
use crate::shared::Shared;
use crate::shrinking::Shrinking;
use crate::space_time::{self, SpaceTime};
use crate::texts::Language;
use crate::visible;
use crate::words;

/// How long a frame may simulate, in milliseconds; the rest of it is for drawing.
pub(crate) const SIMULATION_MS: f64 = 10.0;
/// The same on the way to another time, on which there is nothing to be seen.
const SEEKING_MS: f64 = 30.0;
/// The longest time that passes in one frame: more has passed only where nobody was looking.
pub(crate) const FRAME_US_MAX: f64 = 100_000.0;
/// The time between two updates of the document while something moves, in milliseconds; where that
/// is much to do, so many times as long as it took, up to what those who read it count on.
pub(crate) const DOCUMENT_MS: f64 = 60.0;
const DOCUMENT_PAUSE: f64 = 8.0;
const DOCUMENT_MS_MAX: f64 = 240.0;
/// The same for the tables, which nobody reads while they change.
const TABLES_MS: f64 = 1_000.0;
/// The most timelines that are kept.
const TIMELINES_MAX: usize = 12;

/// What the page shows: always what its address says.
#[derive(Clone, PartialEq)]
enum Screen {
    /// One run.
    Stage,
    /// Runs under these settings, side by side.
    Compare(Vec<Setting>),
}

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    arrival: Arrival,
}

/// Shows the page, once it is known what is to be seen.
pub(crate) fn open() {
    let preferences = Preferences::of_reader();
    preferences.apply();
    spawn_local(async {
        let arrival = loop {
            if let Some(arrival) = Arrival::by_address().await {
                break arrival;
            }
        };
        yew::Renderer::<App>::with_props(Props { arrival }).render();
    });
}

pub(crate) struct App {
    preferences: Preferences,
    screen: Screen,
    /// The fragment of the address that the run was loaded from, and what was loaded.
    loaded: (String, Arc<Scenario>),
    player: Player,
    identities: Shared<Identities>,
    marks: Shared<Vec<Mark>>,
    /// Every course that the run has been given, the first of them as it was loaded.
    timelines: Vec<Timeline>,
    /// Which of them is shown.
    timeline: usize,
    /// The course that is shown, as those are given it who compare.
    compared: Shared<Arc<Scenario>>,
    error: Option<Problem>,
    selected: Option<usize>,
    /// What is to be seen on all bands.
    keys: KeyRange,
    /// The segment that is asked about: a key in it, and the node that believes so; of no node, the
    /// merged truth's.
    asked: Option<(Option<usize>, Key)>,
    /// What was said aloud of it.
    said: AttrValue,
    /// While somebody chooses who is to be cut off.
    chosen: Option<Vec<usize>>,
    /// While it is shown how to share the run.
    sharing: Option<Shared<Arc<Scenario>>>,
    /// While a run is being shrunk, and until what came of it is closed.
    shrinking: Option<Shrinking>,
    /// While two nodes merge in slow motion.
    merging: Option<([NodeId; 2], Shared<Merging>)>,
    /// While it is shown what all this means.
    is_help_open: bool,
    /// Where the page is a part of another.
    embedded: Option<Embedded>,

    photographer: Photographer,
    picture: Shared<Picture>,
    /// The version of the run that the picture shows.
    pictured: (u64, u64),
    /// The picture that the tables show, which follow less often.
    in_words: Shared<Picture>,
    announcer: Announcer,
    lanes: space_time::Choice,

    bands: Bands,
    divergence_canvas: NodeRef,
    divergence_width: usize,
    divergence_pixels: Pixels,
    painted_divergence: Option<PaintedDivergence>,
    dark: Option<MediaQueryList>,

    frame: Option<AnimationFrame>,
    framed_at_ms: f64,
    updated_at_ms: f64,
    /// When an update of the document began that is under way, and how long the one before took.
    update_began_ms: Option<f64>,
    update_took_ms: f64,
    in_words_at_ms: f64,
    _listeners: Vec<EventListener>,
}

impl Component for App {
    type Message = Message;
    type Properties = Props;

    fn create(ctx: &Context<Self>) -> Self {
        let preferences = Preferences::of_reader();
        let Arrival { wish, error } = ctx.props().arrival.clone();
        let loaded = loaded_from(error.as_deref());
        let embedding = Embedding::by_address();
        let error = error.map(Problem::Address);
        let error =
            error.or(embedding.as_ref().err().map(|error| Problem::Embedding(error.clone())));
        let embedding = embedding.ok().flatten();
        embedding.iter().for_each(|embedding| embedding.apply());
        let lets_change = embedding.is_none_or(Embedding::lets_change);
        let scenario = wish.scenario;
        let autoplay = embedding.is_none_or(|embedding| embedding.autoplay);
        let player = player(&scenario, wish.speed, wish.at, autoplay && error.is_none());
        let link = ctx.link();
        let mut photographer = Photographer::default();
        let picture = Shared::new(photographer.take(player.simulation()));
        let dark = window().match_media("(prefers-color-scheme: dark)").ok().flatten();
        Self {
            preferences,
            screen: wish.compare.map_or(Screen::Stage, Screen::Compare),
            loaded: (loaded, Arc::clone(&scenario)),
            identities: Shared::new(Identities::of(player.simulation().scenario())),
            marks: Shared::new(marks(player.simulation().scenario())),
            compared: Shared::new(Arc::clone(&scenario)),
            timelines: vec![Timeline::new(scenario, Some(SimTime::ZERO))],
            timeline: 0,
            error,
            selected: wish.node,
            keys: visible::of_scenario(player.simulation().scenario()),
            asked: None,
            said: AttrValue::default(),
            chosen: None,
            sharing: None,
            shrinking: None,
            merging: None,
            is_help_open: false,
            embedded: embedding.map(|_| {
                let on_due = link.callback(|()| Message::Tell);
                Embedded::new(
                    player.simulation().scenario(),
                    link.callback(Message::Hear),
                    on_due,
                    link.callback(Message::Seen),
                )
            }),
            pictured: player.version(),
            in_words: picture.clone(),
            picture,
            photographer,
            announcer: Announcer::default(),
            lanes: space_time::Choice::of(player.simulation()),
            bands: Bands::default(),
            divergence_canvas: NodeRef::default(),
            divergence_width: 0,
            divergence_pixels: Pixels::default(),
            painted_divergence: None,
            _listeners: listeners(ctx, dark.as_ref(), lets_change),
            dark,
            frame: None,
            framed_at_ms: now_ms(),
            updated_at_ms: 0.0,
            update_began_ms: None,
            update_took_ms: 0.0,
            in_words_at_ms: 0.0,
            player,
        }
    }

    fn update(&mut self, ctx: &Context<Self>, message: Message) -> bool {
        if self.frame.is_none() {
            // Nothing moved until now, so no time has passed for the run.
            self.framed_at_ms = now_ms();
        }
        match message {
            Message::AddressChanged if live::is_live(&fragment()) => {
                // A room is another page.
                let _ = window().location().reload();
                return false;
            }
            Message::AddressChanged => {
                ctx.link().send_future(async {
                    match Arrival::by_address().await {
                        Some(arrival) => Message::Arrive(Box::new(arrival)),
                        None => Message::Nothing,
                    }
                });
                return false;
            }
            Message::Help(is_open) => self.is_help_open = is_open,
            Message::Speak(language) => {
                self.speak(language);
                if let Some(Problem::Address(_)) = self.error {
                    ctx.link().send_future(async {
                        let arrival = Arrival::by_address().await;
                        arrival.and_then(|it| it.error).map_or(Message::Nothing, Message::Explain)
                    });
                }
            }
            Message::Explain(reason) => self.error = Some(Problem::Address(reason)),
            Message::Appear(appearance) => {
                self.prefer(Preferences { appearance, ..self.preferences });
            }
            Message::Arrive(arrival) => self.follow_address(*arrival),
            Message::Hear(heard) => self.hear(heard),
            Message::Tell => {
                self.embedded.iter_mut().for_each(|embedded| embedded.tell(now_ms()));
                return false;
            }
            Message::Seen(is_seen) => {
                let embedded = self.embedded.iter_mut();
                embedded.for_each(|embedded| embedded.see(is_seen, &mut self.player));
            }
            Message::Compare => go_to(&self.address_of(match self.screen {
                Screen::Stage => Setting::pair(self.player.simulation().scenario()),
                Screen::Compare(_) => Vec::new(),
            })),
            Message::Live => go_to(&live::new_room()),
            Message::Escape if self.is_comparing() => go_to(&self.address_of(Vec::new())),
            Message::CompareSettings(settings) => go_to_instead(&self.address_of(settings)),
            Message::OpenVariant(setting, at) => go_to(&self.address_of_variant(setting, at)),
            // The stage is not there; what moves time is for those that are compared.
            _ if self.is_comparing() => return false,
            Message::Frame(at_ms) => return self.pass_frame(ctx, at_ms),
            Message::Toggle => self.player.toggle(),
            Message::Restart => self.player.restart(),
            Message::StepForward => self.player.step_forward(),
            Message::StepBack => self.player.step_back(),
            Message::StepEvent => self.player.step_event(),
            Message::Turn(true) => self.player.turn_forward(),
            Message::Turn(false) => self.player.turn_back(),
            Message::Fork => self.fork(),
            Message::Seek(to) => self.seek(to),
            Message::Merge(with) => self.merge(with),
            Message::Faster => self.player.set_speed(self.player.speed().faster()),
            Message::Slower => self.player.set_speed(self.player.speed().slower()),
            Message::SetSpeed(speed) => self.player.set_speed(speed),
            Message::Select(Some(node)) if self.chosen.is_some() => self.choose(node),
            Message::Select(node) => self.open(node.filter(|_| self.selected != node)),
            Message::Ask { node, key } => self.ask(node, key),
            Message::AskWho(key) => self.ask_who(key),
            Message::Walk { node, is_next } => self.walk(node.as_deref(), is_next),
            Message::Look(look) => self.keys = look.after(self.keys),
            Message::Zoom(per_mille) => self.zoom(per_mille),
            Message::Only(node) => self.toggle_colour(node.as_deref()),
            Message::All => self.colour_all(),
            Message::Do(step) => self.do_step(step),
            Message::ChooseCut(begins) => self.chosen = begins.then(Vec::new),
            Message::CutOff => self.cut_off(),
            Message::ChangeTimeline(timeline) => self.change_timeline(timeline),
            Message::NameTimeline(name) => self.name_timeline(&name),
            Message::Share(is_open) => self.sharing = is_open.then(|| self.sharing()),
            Message::Shrink(true) => self.shrink(),
            Message::Shrink(false) => self.shrinking = None,
            Message::Escape if self.chosen.is_some() => self.chosen = None,
            Message::Escape => self.open(None),
            Message::ToggleLane(node) => self.lanes.toggle(node),
            Message::AllLanes => self.lanes.toggle_all(self.picture.views.len()),
            Message::AllMessages => self.lanes.shows_all = !self.lanes.shows_all,
            Message::ScaleSpan(is_longer) => self.lanes.scale(is_longer),
            Message::Portray(scale) => {
                self.portray(scale);
                return false;
            }
            Message::CloseError => self.error = None,
            Message::Repaint => self.bands.forget(),
            Message::Nothing => return false,
        }
        self.take_picture();
        self.in_words = self.picture.clone();
        self.announcer.follow(now_ms(), &self.picture, self.player.state());
        true
    }

    fn rendered(&mut self, ctx: &Context<Self>, _first: bool) {
        if let Some(began_ms) = self.update_began_ms.take() {
            self.update_took_ms = now_ms() - began_ms;
        }
        self.measure();
        self.paint();
        self.request_frame(ctx);
        if self.embedded.is_some() {
            let status = self.status();
            self.embedded.iter_mut().for_each(|it| it.follow(now_ms(), status.clone()));
        }
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let link = ctx.link();
        html! {
            <>
                // In another language everything is made anew.
                <div class="page" key={self.preferences.language.tag()}>{ self.page(ctx) }</div>
                if let Some((names, merging)) = &self.merging {
                    <Merge names={names.clone()} merging={merging.clone()} on_close={link.callback(|()| Message::Merge(None))} />
                }
                if self.is_help_open {
                    <Help
                        preferences={self.preferences}
                        on_speak={link.callback(Message::Speak)}
                        on_appear={link.callback(Message::Appear)}
                        on_close={link.callback(|()| Message::Help(false))}
                    />
                }
            </>
        }
    }
}

impl App {
    fn is_comparing(&self) -> bool {
        self.screen != Screen::Stage
    }

    fn follow_scenario(&mut self) {
        let scenario = self.player.simulation().scenario();
        let in_colour = self.identities.in_colour().clone();
        self.identities = Shared::new(Identities::of(scenario).with_in_colour(in_colour));
        self.marks = Shared::new(marks(scenario));
        self.compared = Shared::new(Arc::clone(&self.timelines[self.timeline].scenario));
        if self.sharing.is_some() {
            self.sharing = Some(self.sharing());
        }
        let scenario = self.player.simulation().scenario();
        self.embedded.iter_mut().for_each(|embedded| embedded.follow_scenario(scenario));
    }

    fn prefer(&mut self, preferences: Preferences) {
        self.preferences = preferences;
        preferences.apply();
        preferences.remember();
    }

    /// Goes on in another language.
    fn speak(&mut self, language: Language) {
        self.prefer(Preferences { language, ..self.preferences });
        self.announcer = Announcer::default();
        self.follow_scenario();
        // The canvases are others now.
        self.bands.forget();
        self.painted_divergence = None;
    }

    fn sharing(&self) -> Shared<Arc<Scenario>> {
        Shared::new(self.timelines[self.timeline].to_share())
    }

    fn hear(&mut self, heard: Heard) {
        let status = self.status();
        let Some(embedded) = &mut self.embedded else { return };
        if let Some(scenario) = embedded.hear(heard, &mut self.player, &status) {
            let wish = Wish { speed: self.player.speed(), ..Wish::of(scenario) };
            self.load(Arrival { wish, error: None });
        }
    }

    fn portray(&self, scale: usize) {
        let simulation = self.player.simulation();
        let scene = Scene {
            title: &simulation.scenario().title,
            about: words::about(simulation.scenario()),
            now: simulation.now(),
            picture: &self.picture,
            count: self.picture.strips(),
            identities: &self.identities,
            divergence: self.player.divergence(),
            extent: self.player.extent(),
            theme: self.theme(),
        };
        if let Err(error) = portrait::save(&scene, scale) {
            gloo::console::error!("the picture cannot be made:", error);
        }
    }

    fn network_facts(&self) -> NetworkFacts {
        let simulation = self.player.simulation();
        let network = simulation.network();
        NetworkFacts {
            is_manual: network.mode == Mode::Manual,
            is_cut: simulation.groups().is_some()
                || simulation.cuts().next().is_some()
                || simulation.clogs().next().is_some(),
            loss: network.loss.to_f64() * 100.0,
            duplicate: network.duplicate.to_f64() * 100.0,
            reorder: network.reorder.to_f64() * 100.0,
            latency_ms: network.latency_us.map(|us| us / 1_000),
        }
    }

    /// Lets time pass until this frame. True if the document has to follow.
    fn pass_frame(&mut self, ctx: &Context<Self>, at_ms: f64) -> bool {
        self.frame = None;
        let state = self.player.state();
        let wall_us = ((at_ms - self.framed_at_ms) * 1_000.0).clamp(0.0, FRAME_US_MAX);
        self.framed_at_ms = at_ms;
        self.advance(wall_us as u64);
        self.take_picture();
        self.paint();

        let has_shrunk = self.go_on_shrinking();
        let has_stopped = has_shrunk || self.player.state() != state;
        if has_stopped || at_ms - self.in_words_at_ms >= TABLES_MS {
            self.in_words_at_ms = at_ms;
            self.in_words = self.picture.clone();
        }
        let says = self.announcer.follow(at_ms, &self.picture, self.player.state());
        let pause_ms = self.update_took_ms * DOCUMENT_PAUSE;
        let pause_ms = pause_ms.clamp(DOCUMENT_MS, DOCUMENT_MS_MAX);
        if has_stopped || says || at_ms - self.updated_at_ms >= pause_ms {
            self.updated_at_ms = at_ms;
            self.update_began_ms = Some(now_ms());
            return true;
        }
        self.request_frame(ctx);
        false
    }

    /// Lets time pass for as long as a frame may simulate.
    fn advance(&mut self, wall_us: u64) {
        let budget_ms = if self.player.is_seeking() { SEEKING_MS } else { SIMULATION_MS };
        let deadline_ms = now_ms() + budget_ms;
        self.player.advance(wall_us, || now_ms() < deadline_ms);
    }

    /// Goes to a time: where that is near enough, it is there in the next frame.
    fn seek(&mut self, to: SimTime) {
        self.player.seek(to);
        self.advance(0);
    }

    /// Asks for another frame while something moves.
    fn request_frame(&mut self, ctx: &Context<Self>) {
        let is_over = self.player.state() != State::Running && !self.is_shrinking();
        if is_over || self.is_comparing() || self.frame.is_some() {
            return;
        }
        let link = ctx.link().clone();
        self.frame =
            Some(request_animation_frame(move |at_ms| link.send_message(Message::Frame(at_ms))));
    }

    fn take_picture(&mut self) {
        let simulation = self.player.simulation();
        let version = self.player.version();
        let has_converged = simulation.has_converged();
        if version != self.pictured || has_converged != self.picture.has_converged {
            self.picture = Shared::new(self.photographer.take(simulation));
            self.pictured = version;
        }
    }

    fn status(&self) -> Status {
        let picture = &*self.picture;
        let verdict = words::sentence(&words::verdict(picture));
        Status {
            verdict: verdict.into(),
            state: self.player.state(),
            has_converged: picture.has_converged,
            distinct: picture.distinct,
            time_us: self.player.simulation().now().as_us(),
            fingerprint: picture.agreed.map(|fingerprint| fingerprint.to_string().into()),
            is_disputed: picture.disagreeing() > 0,
        }
    }

    fn space_time(&self) -> Shared<SpaceTime> {
        let (simulation, chronicle) = (self.player.simulation(), self.player.chronicle());
        Shared::new(SpaceTime::of(simulation, chronicle, &self.identities, &self.lanes))
    }

    fn selected_facts(&self) -> Option<NodeFacts> {
        let node = self.selected?;
        let view = self.picture.views.get(node)?;
        let replica = &self.player.simulation().replicas()[node];
        let truth = self.player.simulation().truth();
        let identity = self.identities.get(&view.name);
        let log = LogFacts::of(self.player.simulation(), self.player.chronicle(), node);
        Some(NodeFacts::of(replica, truth, view, identity, self.is_leaving(node), log))
    }

    /// Whether a node has been asked to leave, and not to come back.
    fn is_leaving(&self, node: usize) -> bool {
        let simulation = self.player.simulation();
        let steps = simulation.scenario().steps.iter().rev();
        let mut past = steps.skip_while(|step| step.at > simulation.now());
        past.find_map(|step| match step.action {
            Action::Leave(replica) => (replica == node).then_some(true),
            Action::Restart { replica, .. } => (replica == node).then_some(false),
            _ => None,
        })
        .unwrap_or(false)
    }
}

fn listeners(
    ctx: &Context<App>,
    dark: Option<&MediaQueryList>,
    lets_change: bool,
) -> Vec<EventListener> {
    let send = |message: fn() -> Message| {
        let link = ctx.link().clone();
        move |_: &web_sys::Event| link.send_message(message())
    };
    let link = ctx.link().clone();
    let on_key = move |event: &web_sys::Event| {
        let event: &KeyboardEvent = event.unchecked_ref();
        if let Some(message) = keyboard::message(event).filter(|it| lets_change || !it.is_change())
        {
            // The page must not scroll as well.
            event.prevent_default();
            link.send_message(message);
        }
    };
    let options = EventListenerOptions::enable_prevent_default();
    let mut listeners = vec![
        EventListener::new_with_options(&body(), "keydown", options, on_key),
        EventListener::new(&window(), "hashchange", send(|| Message::AddressChanged)),
        EventListener::new(&window(), "resize", send(|| Message::Repaint)),
    ];
    listeners
        .extend(dark.map(|dark| EventListener::new(dark, "change", send(|| Message::Repaint))));
    listeners
}

pub(crate) fn now_ms() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}
