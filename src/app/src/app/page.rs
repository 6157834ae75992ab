//! The document of the page, screen by screen.

use yew::prelude::*;

use super::{App, Message, Screen};
use crate::components::{
    BreakIt, Brush, Compare, DivergenceMap, ErrorMessage, NodePanel, Share, SingleFaultFacts,
    SingleFaults, SpaceTimeBand, Strips, Tables, TopBar, Transport, TruthBand, UpdateNotice,
    shrink, shrink_it, truth_panel, zoom_buttons,
};
use crate::embed::Embedded;
use crate::setting::Setting;
use crate::texts::text;
use crate::words;

impl App {
    pub(super) fn page(&self, ctx: &Context<Self>) -> Html {
        if let Screen::Compare(settings) = &self.screen {
            return self.view_comparison(ctx, settings);
        }
        let simulation = self.player.simulation();
        let scenario = simulation.scenario();
        let count = self.picture.strips();
        let link = ctx.link();
        html! {
            <>
                <TopBar
                    title={scenario.title.clone()}
                    about={words::about(scenario)}
                    status={self.status()}
                    is_comparing=false
                    on_shrink={self.has_ended_badly().then(|| link.callback(|()| Message::Shrink(true)))}
                    on_compare={link.callback(|()| Message::Compare)}
                    on_share={link.callback({
                        let is_open = self.sharing.is_some();
                        move |()| Message::Share(!is_open)
                    })}
                    on_live={link.callback(|()| Message::Live)}
                    on_help={link.callback(|()| Message::Help(true))}
                    alone={self.embedded.as_ref().map(Embedded::alone)}
                />
                if let Some(sharing) = &self.sharing {
                    <Share
                        scenario={sharing.clone()}
                        now={simulation.now()}
                        node={self.selected.map(|node| AttrValue::from(scenario.replicas[node].to_string()))}
                        on_picture={link.callback(Message::Portray)}
                        on_close={link.callback(|()| Message::Share(false))}
                    />
                }
                { for self.shrinking.as_ref().map(|shrinking| shrink(
                    &shrinking.facts(),
                    link.callback(|_| Message::Shrink(false)),
                    self.shrunk_timeline().map(|it| link.callback(move |_| Message::ChangeTimeline(it))),
                )) }
                <UpdateNotice />
                <p class="visually-hidden" aria-live="polite">{ &self.announcer.text }</p>
                <p id="said" class="visually-hidden" aria-live="polite">{ &self.said }</p>
                <main class={classes!(self.selected.or(self.asked.map(|_| 0)).map(|_| "with-panel"))}>
                    <div class="stage">
                        if let Some(error) = &self.error {
                            <ErrorMessage title={error.title()} text={error.reason()} instead={error.instead()} on_close={link.callback(|()| Message::CloseError)} />
                        }
                        <section aria-labelledby="truth-title">
                            <div class="heading with-zoom">
                                <h2 id="truth-title">
                                    { text!("truth.title") }
                                    <small>{ text!("truth.about") }</small>
                                </h2>
                                { zoom_buttons(self.keys, &link.callback(|message| message)) }
                            </div>
                            <TruthBand canvas={self.bands.truth.clone()} picture={self.picture.clone()} keys={self.keys} asked={self.asked_keys().filter(|_| self.selected.is_none())} on_message={link.callback(|message| message)} />
                            <Brush canvas={self.bands.overview.clone()} keys={self.keys} on_message={link.callback(|message| message)} />
                        </section>
                        <section aria-labelledby="views-title">
                            <h2 id="views-title">
                                { text!("views.title") }
                                <small>{ text!("views.about") }</small>
                            </h2>
                            if !self.identities.in_colour().is_empty() {
                                <button id="all" class="plain small" onclick={link.callback(|_| Message::All)}>{ text!("focus.all") }</button>
                            }
                            <Strips
                                canvas={self.bands.views.clone()}
                                picture={self.picture.clone()}
                                identities={self.identities.clone()}
                                {count}
                                keys={self.keys}
                                selected={self.selected}
                                chosen={self.chosen.clone()}
                                asked={self.asked_keys()}
                                on_message={link.callback(|message| message)}
                            />
                            if count < self.picture.views.len() {
                                <p class="faint">{ text!("views.first", count = count, nodes = words::nodes(self.picture.views.len())) }</p>
                            }
                        </section>
                        <DivergenceMap
                            canvas={self.divergence_canvas.clone()}
                            keys={self.keys}
                            now={simulation.now()}
                            extent={self.player.extent()}
                            row_us={self.player.divergence().row_us()}
                            summary={words::divergence(self.player.divergence(), &self.picture)}
                            verdict={words::verdict(&self.picture)}
                            picture={self.picture.clone()}
                            on_seek={link.callback(Message::Seek)}
                            on_ask={link.callback(Message::AskWho)}
                            on_look={link.callback(Message::Look)}
                        />
                        <SpaceTimeBand
                            diagram={self.space_time()}
                            nodes={self.picture.views.iter().map(|view| AttrValue::from(view.name.to_string())).collect::<Vec<_>>()}
                            shows_all={self.lanes.shows_all}
                            on_message={link.callback(|message| message)}
                        />
                        <BreakIt
                            network={self.network_facts()}
                            chosen={self.chosen.as_ref().map(Vec::len)}
                            on_step={link.callback(Message::Do)}
                            on_choose={link.callback(Message::ChooseCut)}
                            on_cut={link.callback(|()| Message::CutOff)}
                        />
                        if !self.network_facts().is_manual {
                            <SingleFaults facts={SingleFaultFacts::of(simulation)} on_step={link.callback(Message::Do)} />
                        }
                        { shrink_it(link.callback(|_| Message::Shrink(true))) }
                        <Tables picture={self.in_words.clone()} {count} />
                    </div>
                    if let Some(facts) = self.selected_facts() {
                        <NodePanel
                            is_in_colour={self.identities.in_colour().contains(&facts.view.name)}
                            {facts}
                            segment={self.asked_facts()}
                            others={self.others()}
                            on_message={link.callback(|message| message)}
                        />
                    } else if let Some((facts, reasons)) = self.asked_facts() {
                        { truth_panel(&facts, &reasons, &link.callback(|message| message)) }
                    }
                </main>
                <Transport
                    state={self.player.state()}
                    is_playing={self.player.is_playing()}
                    is_behind={self.player.is_behind()}
                    now={simulation.now()}
                    extent={self.player.extent()}
                    marks={self.marks.clone()}
                    agreed_at={self.player.agreed_at().to_vec()}
                    speed={self.player.speed()}
                    timelines={self.timeline_names()}
                    timeline={self.timeline}
                    on_message={link.callback(|message| message)}
                />
            </>
        }
    }

    pub(super) fn view_comparison(&self, ctx: &Context<Self>, settings: &[Setting]) -> Html {
        let link = ctx.link();
        html! {
            <Compare
                scenario={self.compared.clone()}
                settings={settings.to_vec()}
                speed={self.player.speed()}
                on_settings={link.callback(Message::CompareSettings)}
                on_open={link.callback(|(setting, at)| Message::OpenVariant(setting, at))}
                on_leave={link.callback(|()| Message::Compare)}
                on_help={link.callback(|()| Message::Help(true))}
                appearance={self.preferences.appearance}
            />
        }
    }
}
