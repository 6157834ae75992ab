//! The run as files for other programs, and the stage as a picture.

use std::sync::Arc;

use gloo::render::{AnimationFrame, request_animation_frame};
use gloo::utils::window;
use scalesmall_sim::Scenario;
use scalesmall_sim::transcript::Format;
use yew::prelude::*;

use crate::download;
use crate::export::Export;
use crate::shared::Shared;
use crate::texts::text;

/// How long a frame may write, in milliseconds; the rest is for the stage.
const WRITING_MS: f64 = 8.0;
/// How long it is written before that is shown.
const UNSHOWN_MS: f64 = 300.0;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) scenario: Shared<Arc<Scenario>>,
    /// Saves a picture of the stage with so many pixels to a unit of the page.
    pub(crate) on_picture: Callback<usize>,
}

pub(crate) enum Message {
    Begin(Format),
    Frame,
    Cancel,
}

/// What has become of the latest file.
#[derive(PartialEq)]
enum Notice {
    Nothing,
    Saved,
    /// It ends before the run does.
    Cut,
    /// It could not be saved, and why.
    Failed(String),
}

pub(crate) struct Exports {
    export: Option<Export>,
    begun_at_ms: f64,
    notice: Notice,
    frame: Option<AnimationFrame>,
}

impl Component for Exports {
    type Message = Message;
    type Properties = Props;

    fn create(_: &Context<Self>) -> Self {
        Self { export: None, begun_at_ms: 0.0, notice: Notice::Nothing, frame: None }
    }

    fn update(&mut self, ctx: &Context<Self>, message: Message) -> bool {
        match message {
            Message::Begin(format) => {
                let scenario = Arc::clone(&ctx.props().scenario);
                self.export = Some(Export::new(scenario, format));
                self.begun_at_ms = now_ms();
                self.notice = Notice::Nothing;
            }
            Message::Frame => self.write(&ctx.props().scenario.title),
            Message::Cancel => self.export = None,
        }
        let link = ctx.link().clone();
        self.frame = self
            .export
            .is_some()
            .then(|| request_animation_frame(move |_| link.send_message(Message::Frame)));
        true
    }

    fn changed(&mut self, ctx: &Context<Self>, before: &Props) -> bool {
        if ctx.props().scenario != before.scenario {
            // What is being written is no longer what is played.
            self.export = None;
            self.frame = None;
            self.notice = Notice::Nothing;
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let link = ctx.link();
        let is_busy = self.export.is_some();
        let picture = |id: &'static str, scale: usize, name: &'static str| {
            let onclick = ctx.props().on_picture.reform(move |_| scale);
            html! { <button {id} class="plain" {onclick}>{ name }</button> }
        };
        let file = |id: &'static str, format: Format, name: &'static str, about: &'static str| {
            let onclick = link.callback(move |_| Message::Begin(format));
            html! { <button {id} class="plain" title={about} {onclick} disabled={is_busy}>{ name }</button> }
        };
        html! {
            <div class="exports" role="group" aria-labelledby="exports-title">
                <h2 id="exports-title">{ text!("share.take") }</h2>
                <div class="controls">
                    { picture("picture", 1, text!("share.picture")) }
                    { picture("picture-2x", 2, text!("share.picture_large")) }
                    { file("export-metrics", Format::METRICS, text!("share.metrics"), text!("share.metrics_about")) }
                    { file("export-trace", Format::TRACE, text!("share.trace"), text!("share.trace_about")) }
                    { file("export-shiviz", Format::SHIVIZ, text!("share.shiviz"), text!("share.shiviz_about")) }
                    { self.progress(link.callback(|_| Message::Cancel)) }
                </div>
                <p id="exports-notice" class="hint" role="status">{ self.notice() }</p>
            </div>
        }
    }
}

impl Exports {
    /// Goes on writing, and saves what is written once that is all.
    fn write(&mut self, title: &str) {
        let Some(export) = &mut self.export else { return };
        let deadline_ms = now_ms() + WRITING_MS;
        if !export.advance(|| now_ms() < deadline_ms) {
            return;
        }
        let name = download::name(title, export.format.extension);
        self.notice = match download::save_text(&name, export.text()) {
            Ok(()) if export.is_cut() => Notice::Cut,
            Ok(()) => Notice::Saved,
            Err(error) => Notice::Failed(format!("{error:?}")),
        };
        self.export = None;
    }

    /// How far it has come, once that takes a while.
    fn progress(&self, on_cancel: Callback<MouseEvent>) -> Html {
        let shown = |_: &&Export| now_ms() - self.begun_at_ms > UNSHOWN_MS;
        let Some(export) = self.export.as_ref().filter(shown) else { return Html::default() };
        let tenths = export.text().len() / 100_000;
        let megabytes = format!("{}.{}", tenths / 10, tenths % 10);
        html! {
            <>
                <span class="hint">{ text!("share.writing", time = export.now(), size = megabytes) }</span>
                <button id="cancel-export" class="plain" onclick={on_cancel}>{ text!("share.cancel") }</button>
            </>
        }
    }

    fn notice(&self) -> String {
        match &self.notice {
            Notice::Nothing => String::new(),
            Notice::Saved => text!("share.saved").to_owned(),
            Notice::Cut => text!("share.cut").to_owned(),
            Notice::Failed(reason) => text!("share.failed", reason = reason),
        }
    }
}

fn now_ms() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}
