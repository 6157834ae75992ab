//! The screen that compares: the same schedule under several settings, side by side and in step.
//!
//! It has its own frames, which end with it; while it is shown, the stage has none.

mod chart;
mod contest;
mod maps;
mod moments;

use std::sync::Arc;

use gloo::events::{EventListener, EventListenerOptions};
use gloo::render::{AnimationFrame, request_animation_frame};
use gloo::utils::{body, window};
use scalesmall_sim::{Scenario, SimTime};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent, MediaQueryList};
use yew::prelude::*;

use super::{Mark, Status, TopBar, Transport, marks};
use crate::app::{self, DOCUMENT_MS, FRAME_US_MAX, SIMULATION_MS, now_ms};
use crate::comparison::{Comparison, Contender};
use crate::figures::{Figures, grouped};
use crate::keyboard;
use crate::player::State;
use crate::preferences::Appearance;
use crate::setting::{SETTINGS_MAX, Setting};
use crate::shared::Shared;
use crate::speed::Speed;
use crate::texts::text;
use crate::words;

use chart::{Line, chart};
use contest::{Contest, contest};
use maps::Maps;
use moments::moments;

pub(crate) enum Message {
    Frame(f64),
    /// What the keys and buttons that move time ask for.
    Time(app::Message),
    /// The size of the window or the colours have changed.
    Repaint,
}

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) scenario: Shared<Arc<Scenario>>,
    pub(crate) settings: Vec<Setting>,
    /// The speed to begin with.
    pub(crate) speed: Speed,
    /// Other settings are to be compared.
    pub(crate) on_settings: Callback<Vec<Setting>>,
    /// The run under this setting is to be seen on the stage, at this time.
    pub(crate) on_open: Callback<(Setting, SimTime)>,
    pub(crate) on_leave: Callback<()>,
    pub(crate) on_help: Callback<()>,
    pub(crate) appearance: Appearance,
}

pub(crate) struct Compare {
    comparison: Comparison,
    marks: Shared<Vec<Mark>>,
    maps: Maps,
    main: NodeRef,
    dark: Option<MediaQueryList>,
    /// What is said aloud.
    announcement: String,
    frame: Option<AnimationFrame>,
    framed_at_ms: f64,
    updated_at_ms: f64,
    _listeners: Vec<EventListener>,
}

impl Component for Compare {
    type Message = Message;
    type Properties = Props;

    fn create(ctx: &Context<Self>) -> Self {
        let Props { scenario, settings, speed, .. } = ctx.props();
        let dark = window().match_media("(prefers-color-scheme: dark)").ok().flatten();
        Self {
            comparison: Comparison::new(Arc::clone(scenario), settings, *speed, true),
            marks: Shared::new(marks(scenario)),
            maps: Maps::default(),
            main: NodeRef::default(),
            _listeners: listeners(ctx, dark.as_ref()),
            dark,
            announcement: String::new(),
            frame: None,
            framed_at_ms: now_ms(),
            updated_at_ms: 0.0,
        }
    }

    fn changed(&mut self, ctx: &Context<Self>, before: &Props) -> bool {
        let Props { scenario, settings, .. } = ctx.props();
        if *scenario != before.scenario {
            let speed = self.comparison.speed();
            self.comparison = Comparison::new(Arc::clone(scenario), settings, speed, true);
            self.marks = Shared::new(marks(scenario));
        } else if *settings != before.settings {
            self.comparison.set_settings(settings);
        }
        self.maps.forget();
        true
    }

    fn update(&mut self, ctx: &Context<Self>, message: Message) -> bool {
        if self.frame.is_none() {
            // Nothing moved until now, so no time has passed for the runs.
            self.framed_at_ms = now_ms();
        }
        match message {
            Message::Frame(at_ms) => return self.pass_frame(ctx, at_ms),
            Message::Time(message) => self.move_time(message),
            Message::Repaint => {}
        }
        true
    }

    fn rendered(&mut self, ctx: &Context<Self>, is_first: bool) {
        if let Some(main) = self.main.cast::<HtmlElement>().filter(|_| is_first) {
            // Where it is refused, it stays where it was.
            let _ = main.focus();
            window().scroll_to_with_x_and_y(0.0, 0.0);
        }
        self.paint(ctx);
        self.request_frame(ctx);
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let Props { scenario, on_leave, .. } = ctx.props();
        let runs = self.runs();
        let nodes = words::nodes(scenario.replicas.len());
        let about = text!("compare.about", nodes = nodes, count = runs.len());
        html! {
            <>
                <TopBar
                    title={scenario.title.clone()}
                    {about}
                    status={self.status(&runs)}
                    is_comparing=true
                    on_compare={on_leave}
                    on_share={Callback::noop()}
                    on_help={&ctx.props().on_help}
                    alone={None}
                />
                <p class="visually-hidden" aria-live="polite">{ &self.announcement }</p>
                <main class="compare" ref={&self.main} tabindex="-1" aria-labelledby="compare-title">
                    <div class="heading">
                        <h2 id="compare-title">
                            { text!("compare.title") }
                            <small>{ text!("compare.subtitle") }</small>
                        </h2>
                        <p class="controls">
                            { add_button(ctx.props()) }
                            <button id="to-stage" class="plain" onclick={on_leave.reform(|_| ())} aria-keyshortcuts="Escape">{ text!("compare.back") }</button>
                        </p>
                    </div>
                    { self.contest(ctx, &runs) }
                </main>
                { self.transport(ctx) }
            </>
        }
    }
}

impl Compare {
    fn runs(&self) -> Vec<Figures> {
        let contenders = self.comparison.contenders().iter();
        contenders.map(|it| Figures::of(it.player.simulation())).collect()
    }

    /// What is compared, and the charts below.
    fn contest(&self, ctx: &Context<Self>, runs: &[Figures]) -> Html {
        let Props { settings, on_settings, on_open, .. } = ctx.props();
        let (now, extent) = (self.comparison.now(), self.comparison.extent());
        let [bytes, states] = [Line::bytes, Line::states]
            .map(|line| self.comparison.contenders().iter().map(line).collect::<Vec<_>>());
        let table = Contest {
            settings,
            runs,
            canvases: &self.maps.canvases,
            now,
            extent,
            on_settings,
            on_open,
            on_seek: ctx.link().callback(|to| Message::Time(app::Message::Seek(to))),
        };
        html! {
            <>
                { contest(&table) }
                <div class="charts">
                    { chart("bytes-chart", text!("compare.chart.bytes"), &bytes, now, extent) }
                    { chart("states-chart", text!("compare.chart.states"), &states, now, extent) }
                </div>
                { moments(&bytes, &states, extent) }
            </>
        }
    }

    fn transport(&self, ctx: &Context<Self>) -> Html {
        let comparison = &self.comparison;
        html! {
            <Transport
                state={comparison.state()}
                is_playing={comparison.is_playing()}
                is_behind={comparison.is_behind()}
                now={comparison.now()}
                extent={comparison.extent()}
                marks={self.marks.clone()}
                agreed_at={Vec::new()}
                speed={comparison.speed()}
                timelines={Vec::new()}
                timeline={0}
                on_message={ctx.link().callback(Message::Time)}
            />
        }
    }

    /// How all runs together stand, as programs and people read it of one.
    fn status(&self, runs: &[Figures]) -> Status {
        let agree = runs.iter().filter(|run| run.has_converged).count();
        let shown = runs.first().and_then(|run| run.agreed);
        let fingerprint = shown.filter(|_| runs.iter().all(|run| run.agreed == shown));
        Status {
            verdict: text!("compare.agree", count = agree, of = runs.len()).into(),
            state: self.comparison.state(),
            has_converged: agree == runs.len(),
            distinct: runs.iter().map(|run| run.distinct).max().unwrap_or_default(),
            time_us: self.comparison.now().as_us(),
            fingerprint: fingerprint.map(|fingerprint| fingerprint.to_string().into()),
            is_disputed: agree < runs.len(),
        }
    }

    fn move_time(&mut self, message: app::Message) {
        let comparison = &mut self.comparison;
        match message {
            app::Message::Toggle => comparison.toggle(),
            app::Message::Restart => comparison.restart(),
            app::Message::StepForward => comparison.step_forward(),
            app::Message::StepBack => comparison.step_back(),
            app::Message::Seek(to) => comparison.seek(to),
            app::Message::Faster => comparison.set_speed(comparison.speed().faster()),
            app::Message::Slower => comparison.set_speed(comparison.speed().slower()),
            app::Message::SetSpeed(speed) => comparison.set_speed(speed),
            // What else there is concerns the stage.
            _ => {}
        }
    }

    /// Lets time pass until this frame. True if the document has to follow.
    fn pass_frame(&mut self, ctx: &Context<Self>, at_ms: f64) -> bool {
        self.frame = None;
        let state = self.comparison.state();
        let wall_us = ((at_ms - self.framed_at_ms) * 1_000.0).clamp(0.0, FRAME_US_MAX);
        self.framed_at_ms = at_ms;
        let deadline_ms = now_ms() + SIMULATION_MS;
        self.comparison.advance(wall_us as u64, || now_ms() < deadline_ms);
        self.paint(ctx);

        let has_stopped = self.comparison.state() != state;
        if has_stopped && self.comparison.state() == State::Ended {
            self.announcement = self.result();
        }
        if has_stopped || at_ms - self.updated_at_ms >= DOCUMENT_MS {
            self.updated_at_ms = at_ms;
            return true;
        }
        self.request_frame(ctx);
        false
    }

    /// Asks for another frame while something moves.
    fn request_frame(&mut self, ctx: &Context<Self>) {
        if self.comparison.state() != State::Running || self.frame.is_some() {
            return;
        }
        let link = ctx.link().clone();
        self.frame =
            Some(request_animation_frame(move |at_ms| link.send_message(Message::Frame(at_ms))));
    }

    fn paint(&mut self, ctx: &Context<Self>) {
        let is_dark = self.dark.as_ref().is_some_and(MediaQueryList::matches);
        self.maps.paint(&self.comparison, ctx.props().appearance.theme(is_dark));
    }

    /// What all runs have come to, in words.
    fn result(&self) -> String {
        let contenders = self.comparison.contenders().iter().zip(self.runs());
        let one = |(Contender { setting, .. }, run): (&Contender, Figures)| {
            let (name, bytes) = (setting.title(), grouped(run.metrics.bytes_sent));
            match run.agreed_after_us.map(SimTime::from_us) {
                Some(after) => {
                    text!("compare.ended.agreed", name = name, after = after, bytes = bytes)
                }
                None => text!("compare.ended.disagreed", name = name, bytes = bytes),
            }
        };
        let runs: Vec<String> = contenders.map(one).collect();
        text!("compare.ended", runs = runs.join(" "))
    }
}

/// One more setting, while there is room for it.
fn add_button(props: &Props) -> Html {
    let Props { settings, on_settings, .. } = props;
    let next = Setting::another(settings).filter(|_| settings.len() < SETTINGS_MAX);
    let onclick = next.map(|setting| {
        let settings: Vec<Setting> = settings.iter().copied().chain([setting]).collect();
        on_settings.reform(move |_: MouseEvent| settings.clone())
    });
    html! {
        <>
            if settings.len() == SETTINGS_MAX {
                <span class="hint">{ text!("compare.most", count = SETTINGS_MAX) }</span>
            }
            <button id="add-setting" class="plain" disabled={onclick.is_none()} {onclick}>{ text!("compare.add") }</button>
        </>
    }
}

fn listeners(ctx: &Context<Compare>, dark: Option<&MediaQueryList>) -> Vec<EventListener> {
    let repaint = || {
        let link = ctx.link().clone();
        move |_: &web_sys::Event| link.send_message(Message::Repaint)
    };
    let link = ctx.link().clone();
    let on_key = move |event: &web_sys::Event| {
        let event: &KeyboardEvent = event.unchecked_ref();
        if let Some(message) = keyboard::message(event) {
            // The page must not scroll as well.
            event.prevent_default();
            link.send_message(Message::Time(message));
        }
    };
    let options = EventListenerOptions::enable_prevent_default();
    let mut listeners = vec![
        EventListener::new_with_options(&body(), "keydown", options, on_key),
        EventListener::new(&window(), "resize", repaint()),
    ];
    listeners.extend(dark.map(|dark| EventListener::new(dark, "change", repaint())));
    listeners
}
