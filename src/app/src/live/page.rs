//! The page of a room.

use std::cell::Cell;
use std::rc::Rc;

use gloo::events::EventListener;
use gloo::render::{AnimationFrame, request_animation_frame};
use gloo::utils::{document, window};
use scalesmall_crdt::{Key, KeyRange, NodeId, Operation};
use scalesmall_peer::{Event, Faults, LinkFacts, PeerId};
use scalesmall_sim::{Action, Scenario};
use serde_json::json;
use wasm_bindgen_futures::spawn_local;
use web_sys::MediaQueryList;
use yew::prelude::*;

use super::LiveWish;
use super::by_hand::ByHand;
use super::course::Course;
use super::local::Local;
use super::names::Names;
use super::neighbours::{Fault, Neighbour, crosses, neighbours};
use super::recording::{self, Wanted};
use super::server::{refusal, server};
use crate::app::Message as StageMessage;
use crate::bands::Bands;
use crate::components::{
    ErrorMessage, Icon, Operate, Said, Shape, Strips, Swatch, Tables, TruthBand,
};
use crate::edit::Step;
use crate::identity::Identities;
use crate::location::fragment;
use crate::picture::{Photographer, Picture};
use crate::preferences::Preferences;
use crate::segments;
use crate::shared::Shared;
use crate::texts::{plural, text};
use crate::visible::{Look, On};
use crate::words;

/// The time between two updates of the document while something changes, in milliseconds.
const DOCUMENT_MS: f64 = 100.0;
const HIDDEN_MS: f64 = 500.0;
const TABLES_MS: f64 = 1_000.0;
/// The most peers that one page hosts.
const PEERS_MAX: usize = 8;
/// The most claims of a node that the form offers.
const CLAIMS_MAX: usize = 50;
/// The most of those turned away that are named.
const TURNED_AWAY_MAX: usize = 3;

#[derive(Clone, PartialEq, Properties)]
pub(crate) struct Props {
    /// The room, or why there is none.
    pub(crate) wish: Result<LiveWish, String>,
}

pub(crate) enum Message {
    /// There may be something new to see.
    Changed,
    Frame,
    /// Something that the bands say of the stage.
    Stage(StageMessage),
    Fault(Fault),
    /// The recording is wanted.
    Record(Wanted),
    /// Lets another peer take part from this page.
    AddPeer,
    /// It is known what its nodes are called.
    Enter(Names),
    Fail(String),
    CloseError,
    Repaint,
}

/// Nodes of this page in a room with others, and what they see of it. Of several peers of one page
/// the first is the one whose view is shown.
pub(crate) struct LivePage {
    locals: Vec<Local>,
    /// How many of them there are, or will be.
    added: usize,
    error: Option<String>,
    photographer: Photographer,
    picture: Shared<Picture>,
    in_words: Shared<Picture>,
    /// All that have been met.
    nodes: Vec<NodeId>,
    identities: Shared<Identities>,
    keys: KeyRange,
    selected: Option<NodeId>,
    asked: Option<Key>,
    /// The peers that are to be cut off.
    chosen: Vec<PeerId>,
    /// What became of the recording that was asked for last.
    recorded: Option<String>,
    bands: Bands,
    course: Course,
    dark: Option<MediaQueryList>,
    preferences: Preferences,
    /// Whether a change has been told that has not been looked at.
    has_changed: Rc<Cell<bool>>,
    frame: Option<AnimationFrame>,
    updated_at_ms: f64,
    in_words_at_ms: f64,
    _listeners: [EventListener; 2],
}

impl Component for LivePage {
    type Message = Message;
    type Properties = Props;

    fn create(ctx: &Context<Self>) -> Self {
        let link = ctx.link().clone();
        let resized = EventListener::new(&window(), "resize", move |_| {
            link.send_message(Message::Repaint);
        });
        let link = ctx.link().clone();
        let looked_at = EventListener::new(&document(), "visibilitychange", move |_| {
            link.send_message(Message::Changed);
        });
        let mut page = Self {
            locals: Vec::new(),
            added: 0,
            error: None,
            photographer: Photographer::default(),
            picture: Shared::new(Picture::of_nobody()),
            in_words: Shared::new(Picture::of_nobody()),
            nodes: Vec::new(),
            identities: Shared::new(Identities::by_name([])),
            keys: KeyRange::ALL,
            selected: None,
            asked: None,
            chosen: Vec::new(),
            recorded: None,
            bands: Bands::default(),
            course: Course::new(),
            dark: window().match_media("(prefers-color-scheme: dark)").ok().flatten(),
            preferences: Preferences::of_reader(),
            has_changed: Rc::new(Cell::new(false)),
            frame: None,
            updated_at_ms: 0.0,
            in_words_at_ms: 0.0,
            _listeners: [resized, looked_at],
        };
        page.add_peer(ctx);
        page
    }

    fn update(&mut self, ctx: &Context<Self>, message: Message) -> bool {
        match message {
            Message::Changed if document().hidden() => {
                // Nobody looks, and no frame comes, not even one that was asked for; programs may
                // still ask.
                self.frame = None;
                self.has_changed.set(false);
                return now_ms() - self.updated_at_ms >= HIDDEN_MS && self.look();
            }
            Message::Changed => {
                if self.frame.is_none() {
                    let link = ctx.link().clone();
                    let on_frame = move |_| link.send_message(Message::Frame);
                    self.frame = Some(request_animation_frame(on_frame));
                }
                return false;
            }
            Message::Frame => {
                self.frame = None;
                self.has_changed.set(false);
                let is_due = self.look();
                self.paint();
                return is_due;
            }
            Message::Stage(message) => self.follow(message),
            Message::Fault(fault) => self.befall(fault),
            Message::Record(wanted) => self.record(ctx, wanted),
            Message::AddPeer => self.add_peer(ctx),
            Message::Enter(names) => self.enter(ctx, names),
            Message::Fail(reason) => self.error = Some(reason),
            Message::CloseError => self.error = None,
            Message::Repaint => self.bands.forget(),
        }
        true
    }

    fn rendered(&mut self, _ctx: &Context<Self>, _first: bool) {
        self.bands.measure();
        self.course.measure();
        self.paint();
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let wish = match &ctx.props().wish {
            Ok(wish) => wish,
            Err(reason) => return no_room(reason),
        };
        let link = ctx.link();
        let on_message = link.callback(Message::Stage);
        let count = self.picture.strips();
        let selected = self.selected();
        let connected = self.locals.first().map_or(0, |it| it.look(|peer, _| peer.connected()));
        html! {
            <>
                { self.top_bar(ctx, wish, connected) }
                <main class={classes!(selected.map(|_| "with-panel"))}>
                    <div class="stage">
                        if let Some(error) = &self.error {
                            <ErrorMessage title={text!("live.failed")} text={error.clone()} instead={text!("live.instead")} on_close={link.callback(|()| Message::CloseError)} />
                        }
                        <section aria-labelledby="truth-title">
                            <h2 id="truth-title">{ text!("live.truth") }<small>{ text!("live.truth_about") }</small></h2>
                            <TruthBand canvas={self.bands.truth.clone()} picture={self.picture.clone()} keys={self.keys} asked={self.asked_keys().filter(|_| selected.is_none())} on_message={on_message.clone()} />
                        </section>
                        <section aria-labelledby="views-title">
                            <h2 id="views-title">{ text!("views.title") }<small>{ self.views_about() }</small></h2>
                            <Strips
                                canvas={self.bands.views.clone()}
                                picture={self.picture.clone()}
                                identities={self.identities.clone()}
                                {count}
                                keys={self.keys}
                                {selected}
                                chosen={None::<Vec<usize>>}
                                can_be_cut=false
                                asked={self.asked_keys()}
                                on_message={on_message.clone()}
                            />
                        </section>
                        { self.course.view(&self.in_words) }
                        <section class="neighbours" aria-labelledby="peers-title">
                            <h2 id="peers-title">{ text!("live.peers") }<small>{ text!("live.peers_about") }</small></h2>
                            { server(&wish.signalling, self.locals.first().and_then(Local::reaches_server)) }
                            { self.neighbours(ctx) }
                            if let Some(local) = self.locals.first() {
                                <ByHand introducer={local.introducer()} invitation={wish.invitation.clone().map(AttrValue::from)} {connected} />
                            }
                        </section>
                        { recording::recording(self.recorded.as_deref(), &link.callback(Message::Record)) }
                        <Tables picture={self.in_words.clone()} {count} />
                    </div>
                    if let Some(node) = selected {
                        { self.panel(node, &on_message) }
                    }
                </main>
            </>
        }
    }
}

impl LivePage {
    // --- What happens ---

    fn add_peer(&mut self, ctx: &Context<Self>) {
        let Ok(wish) = &ctx.props().wish else { return };
        if self.added >= PEERS_MAX {
            self.error = Some(text!("live.enough", most = PEERS_MAX));
            return;
        }
        let (link, room, number) = (ctx.link().clone(), wish.room.clone(), self.added);
        self.added += 1;
        spawn_local(async move {
            link.send_message(Message::Enter(Names::of_tab(&room, number).await));
        });
    }

    fn enter(&mut self, ctx: &Context<Self>, names: Names) {
        let Ok(wish) = &ctx.props().wish else { return };
        let (link, has_changed) = (ctx.link().clone(), Rc::clone(&self.has_changed));
        let on_change = move || {
            if !has_changed.replace(true) {
                link.send_message(Message::Changed);
            }
        };
        let on_refused = {
            let link = ctx.link().clone();
            move |refusal| link.send_message(Message::Fail(format!("{refusal}")))
        };
        match Local::join(wish, names, on_change, on_refused) {
            Ok(local) => self.locals.push(local),
            Err(error) => {
                let refusal = refusal(&wish.signalling).unwrap_or_default();
                self.error = Some(format!("{error} {refusal}"));
            }
        }
    }

    /// Looks at what there is now. Whether it is time to say so in the document.
    fn look(&mut self) -> bool {
        let Some(local) = self.locals.first() else { return false };
        let photographer = &mut self.photographer;
        let picture = local.look(|peer, now| photographer.take_live(peer, now));
        let new = picture.views.iter().map(|view| &view.name);
        let new: Vec<NodeId> = new.filter(|name| !self.nodes.contains(name)).cloned().collect();
        if !new.is_empty() {
            self.nodes.extend(new);
            self.identities = Shared::new(Identities::by_name(self.nodes.iter().cloned()));
        }
        self.course.add(&picture);
        self.picture = Shared::new(picture);
        let now_ms = now_ms();
        if now_ms - self.in_words_at_ms >= TABLES_MS {
            self.in_words_at_ms = now_ms;
            self.in_words = self.picture.clone();
        }
        let is_due = now_ms - self.updated_at_ms >= DOCUMENT_MS;
        if is_due {
            self.updated_at_ms = now_ms;
        }
        is_due
    }

    /// What the strips show, or how there comes to be something to show.
    fn views_about(&self) -> &'static str {
        match self.picture.truth.claims().next() {
            None => text!("live.views_empty"),
            Some(_) => text!("live.views_about"),
        }
    }

    fn follow(&mut self, message: StageMessage) {
        match message {
            StageMessage::Look(look) => self.keys = look.after(self.keys),
            StageMessage::Zoom(per_mille) => {
                self.keys = Look::Zoom { on: On::Pixel(1, 2), per_mille }.after(self.keys);
            }
            StageMessage::Select(node) => {
                let name = node.and_then(|node| Some(self.picture.views.get(node)?.name.clone()));
                self.selected = name.filter(|name| self.selected.as_ref() != Some(name));
                self.asked = None;
            }
            StageMessage::Ask { node, key } => {
                self.selected =
                    node.and_then(|node| Some(self.picture.views.get(node)?.name.clone()));
                self.asked = Some(key);
            }
            StageMessage::Do(step) => self.operate(step),
            _ => {}
        }
    }

    fn operate(&mut self, step: Step) {
        let names: Vec<String> = self.nodes.iter().map(ToString::to_string).collect();
        match operation(&names, step) {
            Ok((node, operation)) => {
                self.error = None;
                let hosts = |local: &Local| {
                    local.look(|peer, _| peer.hosted().any(|(name, _)| *name == node))
                };
                let local = self.locals.iter().find(|local| hosts(local)).or(self.locals.first());
                let event = Event::Operation(node.clone(), operation);
                local.into_iter().for_each(|local| local.handle(event.clone()));
            }
            Err(reason) => self.error = Some(reason),
        }
    }

    fn befall(&mut self, fault: Fault) {
        match fault {
            Fault::Link(peer, faults) => {
                self.locals.iter().take(1).for_each(|it| it.handle(Event::Faults(peer, faults)));
            }
            Fault::Choose(peer) => match self.chosen.iter().position(|it| *it == peer) {
                Some(place) => drop(self.chosen.swap_remove(place)),
                None => self.chosen.push(peer),
            },
            Fault::CutOff => self.cut(&self.chosen),
            Fault::Heal => self.cut(&[]),
        }
    }

    /// Cuts the links of this page between these peers and the others, and no others.
    fn cut(&self, chosen: &[PeerId]) {
        for local in &self.locals {
            let faults = |(own, (peer, facts)): (PeerId, (PeerId, LinkFacts))| {
                let is_cut = crosses(chosen, [own, peer]);
                Event::Faults(peer, Faults { is_cut, ..facts.faults })
            };
            let events: Vec<Event> =
                local.look(|peer, _| peer.links().map(|it| faults((peer.id(), it))).collect());
            events.into_iter().for_each(|event| local.handle(event));
        }
    }

    /// Hands out what is on record, if that is what has happened.
    fn record(&mut self, ctx: &Context<Self>, wanted: Wanted) {
        let (Ok(wish), Some(local)) = (&ctx.props().wish, self.locals.first()) else { return };
        let Some(recorded) = local.recorded() else { return };
        match recording::checked(&recorded, wish.room.name()) {
            Ok(scenario) => {
                self.recorded = Some(recording::about(&recorded));
                recording::hand_out(scenario, wanted, ctx.link().callback(Message::Fail));
            }
            Err(reason) => self.error = Some(reason),
        }
    }

    // --- What is shown ---

    fn selected(&self) -> Option<usize> {
        let name = self.selected.as_ref()?;
        self.picture.views.iter().position(|view| view.name == *name)
    }

    fn asked_keys(&self) -> Option<KeyRange> {
        let view = self.selected().map(|node| &self.picture.views[node]);
        let ownership = view.map_or(&self.picture.truth, |view| &view.ownership);
        Some(segments::at(ownership, self.asked?).range)
    }

    fn top_bar(&self, ctx: &Context<Self>, wish: &LiveWish, connected: usize) -> Html {
        let link = ctx.link();
        let picture = &*self.picture;
        let is_open = wish.room.secret().is_empty();
        let another = format!("#{}", fragment());
        html! {
            <header class="top-bar">
                <h1>{ "scalesmall" }</h1>
                <p class="about">
                    <strong>{ text!("live.room", room = wish.room.name()) }</strong>
                    { " · " }
                    { if is_open { text!("live.open_room") } else { text!("live.secret_room") } }
                </p>
                <output
                    id="status"
                    class={classes!(
                        "verdict",
                        picture.views.is_empty().then_some("pending"),
                        (picture.disagreeing() > 0).then_some("disputed"),
                    )}
                    aria-live="off"
                    data-state="running"
                    data-converged={picture.has_converged.to_string()}
                    data-distinct={picture.distinct.to_string()}
                    data-time-us={picture.at.as_us().to_string()}
                    data-fingerprint={picture.agreed.map(|it| AttrValue::from(it.to_string()))}
                >
                    if picture.views.is_empty() {
                        { text!("live.looking") }
                    } else {
                        { words::sentence(&words::verdict(picture)) }
                    }
                </output>
                <output id="peers" data-connected={connected.to_string()}>{ plural!("top_bar.peers", connected) }</output>
                <a id="another" class="plain" href={another} target="_blank" rel="noopener">{ text!("live.another") }</a>
                <button id="add-peer" class="plain" onclick={link.callback(|_| Message::AddPeer)}>{ text!("live.add") }</button>
                <a id="stage" class="plain" href="#">{ text!("live.leave") }</a>
            </header>
        }
    }

    fn neighbours(&self, ctx: &Context<Self>) -> Html {
        let Some(local) = self.locals.first() else { return Html::default() };
        let (all, turned_away) = local.look(|peer, now| {
            let named = peer.turned_away().take(TURNED_AWAY_MAX);
            let named = named.map(|(_, peer, why)| format!("{}: {why}", &peer.to_string()[..8]));
            (Neighbour::all(peer, now), named.collect::<Vec<_>>())
        });
        neighbours(&all, &self.chosen, &turned_away, &ctx.link().callback(Message::Fault))
    }

    fn panel(&self, node: usize, on_message: &Callback<StageMessage>) -> Html {
        let view = &self.picture.views[node];
        let is_own = self
            .locals
            .iter()
            .any(|local| local.look(|peer, _| peer.hosted().any(|(name, _)| *name == view.name)));
        let claims = view.ownership.claims().take(CLAIMS_MAX).map(|(claim, _)| {
            let (range, node) = (claim.range, AttrValue::from(claim.node.to_string()));
            (node, range.start(), range.end())
        });
        html! {
            <aside class="node-panel" aria-label={text!("node_panel.label", name = view.name)}>
                <header>
                    <Swatch identity={self.identities.get(&view.name)} />
                    <h2>{ view.name.to_string() }</h2>
                    <button class="quiet" aria-label={text!("close")} onclick={on_message.reform(|_: MouseEvent| StageMessage::Select(None))}>
                        <Icon shape={Shape::Close} />
                    </button>
                </header>
                <p>{ if is_own { text!("live.hosted_here") } else { text!("live.hosted_elsewhere") } }</p>
                <p>{ words::sentence(&words::view(view)) }</p>
                if let Some(key) = self.asked {
                    <p>{ Said::of(&self.picture, Some(view), key).sentence() }</p>
                }
                if is_own {
                    <Operate key={view.name.to_string()} node={view.name.to_string()} is_up=true is_paused=false befalls=false claims={claims.collect::<Vec<_>>()} on_step={on_message.reform(StageMessage::Do)} />
                }
            </aside>
        }
    }

    fn paint(&mut self) {
        let is_dark = self.dark.as_ref().is_some_and(MediaQueryList::matches);
        let theme = self.preferences.appearance.theme(is_dark);
        self.bands.paint(&self.picture, &self.identities, self.keys, theme);
        self.course.paint(self.keys, theme);
    }
}

/// What is shown in place of a room where the address names none.
fn no_room(reason: &str) -> Html {
    html! {
        <>
            <header class="top-bar"><h1>{ "scalesmall" }</h1></header>
            <main>
                <div id="error" class="message" role="alert">
                    <div>
                        <strong>{ text!("live.no_room") }</strong>
                        <p class="reason">{ reason.to_owned() }</p>
                        <p><a href="#">{ text!("live.to_stage") }</a></p>
                    </div>
                </div>
            </main>
        </>
    }
}

/// The operation that a step of a scenario file among these nodes is, with the node that it is asked
/// of.
fn operation(names: &[String], step: Step) -> Result<(NodeId, Operation), String> {
    let file = json!({ "format": 1, "replicas": names, "steps": [step] });
    let scenario = Scenario::parse(&file.to_string()).map_err(|error| error.to_string())?;
    match scenario.steps.first().map(|step| &step.action) {
        Some(Action::Operation(request)) => {
            Ok((scenario.replicas[request.on].clone(), request.operation.clone()))
        }
        _ => Err(text!("live.no_operation").to_owned()),
    }
}

fn now_ms() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::step;

    #[test]
    fn steps_are_operations_of_nodes_that_are_there() {
        let names = ["a".to_owned(), "b".to_owned()];
        let register = step(json!({ "on": "b", "do": "register", "claim": ["a", 0, 9] }));
        let (node, asked) = operation(&names, register).unwrap();
        assert_eq!(node.as_str(), "b");
        assert_eq!(asked.claim().range, KeyRange::new(0, 9).unwrap());
        let other = step(json!({ "on": "c", "do": "register", "claim": ["a", 0, 9] }));
        assert!(operation(&names, other).unwrap_err().contains("\"c\""));
        assert!(operation(&names, step(json!({ "crash": "a" }))).is_err());
    }
}
