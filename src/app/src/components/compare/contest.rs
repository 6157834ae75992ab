//! The table in which the runs stand side by side: name, course, figures.

use scalesmall_sim::{Anomalies, SimTime};
use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::super::divergence_map::{pointed_at, times};
use super::super::{Icon, Shape};
use super::chart::{letter, swatch};
use super::maps::MAP_HEIGHT;
use crate::figures::{Figure, Figures, grouped};
use crate::setting::{SETTINGS_MIN, Setting, type_title};
use crate::texts::text;

/// What stands in the table, and what can be done there.
pub(super) struct Contest<'a> {
    pub(super) settings: &'a [Setting],
    /// For each setting what its run has come to.
    pub(super) runs: &'a [Figures],
    /// What the maps are painted on.
    pub(super) canvases: &'a [NodeRef],
    pub(super) now: SimTime,
    /// The lower end of the maps.
    pub(super) extent: SimTime,
    pub(super) on_settings: &'a Callback<Vec<Setting>>,
    pub(super) on_open: &'a Callback<(Setting, SimTime)>,
    pub(super) on_seek: Callback<SimTime>,
}

/// Roles are said once more, since a narrow table is laid out as something else.
pub(super) fn contest(props: &Contest<'_>) -> Html {
    let count = props.settings.len();
    // Where messages move by hand there is no way to spread news to be judged.
    let of_spreading = match props.settings.iter().any(|setting| setting.spreading.is_some()) {
        true => &Figure::OF_SPREADING[..],
        false => &[Figure::Distinct, Figure::Bytes],
    };
    let of_meaning = has_types(props).then_some(Figure::OF_MEANING).into_iter().flatten();
    let figures = of_meaning.chain(of_spreading.iter().copied());
    html! {
        <table class="contest" role="table" aria-labelledby="compare-title" style={format!("--settings:{count}")}>
            <thead role="rowgroup">
                <tr role="row">
                    <td role="cell" />
                    { for (0..count).map(|index| heading(props, index)) }
                </tr>
            </thead>
            <tbody role="rowgroup">
                { map_row(props) }
                { for figures.map(|figure| figure_row(figure, props.runs)) }
                <tr role="row" class="open">
                    <td role="cell" />
                    { for props.settings.iter().enumerate().map(|(index, &setting)| html! {
                        <td role="cell">
                            <button
                                class="plain"
                                data-open={setting.to_string()}
                                onclick={props.on_open.reform({
                                    let now = props.now;
                                    move |_| (setting, now)
                                })}
                            >
                                <span class="wide">{ text!("compare.open") }</span>
                                <span class="narrow">{ text!("compare.open.short", letter = letter(index)) }</span>
                                <span class="visually-hidden">{ format!(": {}", setting.title()) }</span>
                            </button>
                        </td>
                    }) }
                </tr>
            </tbody>
        </table>
    }
}

/// What a setting is called among others: what they have in common goes without saying.
fn short_title(settings: &[Setting], setting: Setting) -> String {
    let has_types = settings.iter().any(|other| other.data_type != setting.data_type);
    match has_types && settings.iter().all(|other| other.spreading == setting.spreading) {
        true => type_title(setting.data_type).to_owned(),
        false => setting.title(),
    }
}

/// Whether it matters what data type a run has: they differ in that, or one shows what nobody meant.
fn has_types(props: &Contest<'_>) -> bool {
    let is_meant = |run: &Figures| {
        run.anomalies.is_none_or(|it| it.resurrected == Some(0) && it.lost == Some(0))
    };
    let types = || props.settings.iter().map(|setting| setting.data_type);
    types().any(|it| Some(it) != types().next()) || !props.runs.iter().all(is_meant)
}

/// The head of a column: what is compared there, and what it has come to for programs.
fn heading(props: &Contest<'_>, index: usize) -> Html {
    let (setting, run) = (props.settings[index], &props.runs[index]);
    let onchange = {
        let (settings, on_settings) = (props.settings.to_vec(), props.on_settings.clone());
        Callback::from(move |event: Event| {
            let select = event.target().and_then(|it| it.dyn_into::<HtmlSelectElement>().ok());
            let chosen = |name: &str| {
                let choices = settings[index].choices().into_iter().flat_map(|(_, group)| group);
                choices.map(|(choice, _)| choice).find(|choice| choice.to_string() == name)
            };
            let Some(chosen) = select.and_then(|it| chosen(&it.value())) else { return };
            let mut settings = settings.clone();
            settings[index] = chosen;
            on_settings.emit(settings);
        })
    };
    let anomaly = |value: fn(&Anomalies) -> Option<usize>| {
        run.anomalies.as_ref().and_then(value).map(|count| count.to_string())
    };
    let on_remove = {
        let mut settings = props.settings.to_vec();
        settings.remove(index);
        props.on_settings.reform(move |_| settings.clone())
    };
    let option = |(choice, title): (Setting, String)| {
        let is_taken = choice != setting && props.settings.contains(&choice);
        html! {
            <option value={choice.to_string()} disabled={is_taken}>{ title }</option>
        }
    };
    let group = |(title, choices): (&'static str, Vec<(Setting, String)>)| {
        let others = choices.into_iter().filter(|(choice, _)| *choice != setting);
        html! { <optgroup label={title}>{ for others.map(option) }</optgroup> }
    };
    let choices = setting.choices().into_iter().filter(|(_, choices)| choices.len() > 1);
    html! {
        <th
            role="columnheader"
            scope="col"
            aria-label={setting.title()}
            data-setting={setting.to_string()}
            data-ended={run.has_ended.to_string()}
            data-converged={run.has_converged.to_string()}
            data-fingerprint={run.agreed.map(|it| it.to_string())}
            data-distinct={run.distinct.to_string()}
            data-time-us={run.at.as_us().to_string()}
            data-bytes={run.metrics.bytes_sent.to_string()}
            data-messages={run.metrics.messages_sent.to_string()}
            data-repeated={run.metrics.duplicates_received.to_string()}
            data-resurrected={anomaly(|it| it.resurrected)}
            data-vanished={anomaly(|it| it.lost)}
            data-split={anomaly(|it| Some(it.split))}
            data-kept={run.bytes_kept.to_string()}
            data-agreed-after-us={run.agreed_after_us.map(|us| us.to_string())}
        >
            <div class="contender">
                { swatch(index) }
                // The name is too long for a narrow control; so it stands before one that is not seen.
                <span class="choice">
                    <span aria-hidden="true">{ short_title(props.settings, setting) }</span>
                    <select aria-label={text!("compare.setting", letter = letter(index))} {onchange}>
                        <option value={setting.to_string()} selected=true>{ setting.title() }</option>
                        { for choices.map(group) }
                    </select>
                </span>
                if props.settings.len() > SETTINGS_MIN {
                    <button class="quiet" onclick={on_remove} aria-label={text!("compare.remove", name = setting.title())}>
                        <Icon shape={Shape::Close} />
                    </button>
                }
            </div>
        </th>
    }
}

/// Who disagreed in each run, when and where, with the same axes.
fn map_row(props: &Contest<'_>) -> Html {
    let &Contest { now, extent, .. } = props;
    let part = |at: SimTime| {
        let part = at.as_us() as f64 / extent.as_us().max(1) as f64;
        format!("--at:{}", part.clamp(0.0, 1.0))
    };
    let on_seek = props.on_seek.clone();
    let onclick = Callback::from(move |event: MouseEvent| {
        if let Some(at) = pointed_at(&event, extent) {
            on_seek.emit(at);
        }
    });
    let map = |(index, canvas): (usize, &NodeRef)| {
        html! {
            <td role="cell" class="map" key={index}>
                <div>
                    <canvas ref={canvas} style={format!("height:{MAP_HEIGHT}px")} aria-hidden="true" />
                    <div class="pointed" onclick={onclick.clone()}>
                        <i class="now" style={part(now)} />
                    </div>
                    <span class="visually-hidden">{ course(&props.runs[index]) }</span>
                </div>
            </td>
        }
    };
    html! {
        <tr role="row">
            <th role="rowheader" scope="row" class="course">
                { text!("compare.course") }
                <small>{ text!("compare.course.about") }</small>
                <span class="times" aria-hidden="true">
                    { for times(extent).into_iter().map(|(at, text)| html! {
                        <span style={part(at)}>{ text }</span>
                    }) }
                </span>
            </th>
            { for props.canvases.iter().take(props.settings.len()).enumerate().map(map) }
        </tr>
    }
}

/// How a run stands, for somebody who does not see its map.
fn course(run: &Figures) -> String {
    match (run.has_converged, run.has_ended) {
        (true, true) => text!("compare.course.agreed", at = run.at),
        (true, false) => text!("compare.course.agrees", at = run.at),
        (false, true) => text!("compare.course.ended", at = run.at, distinct = run.distinct),
        (false, false) => text!("compare.course.differs", at = run.at, distinct = run.distinct),
    }
}

fn figure_row(figure: Figure, runs: &[Figures]) -> Html {
    let (name, about) = match figure {
        Figure::AgreedAfter => {
            (text!("compare.figure.agreed"), text!("compare.figure.agreed.about"))
        }
        Figure::KnownAfter => (text!("compare.figure.known"), text!("compare.figure.known.about")),
        Figure::Distinct => (text!("compare.figure.states"), text!("compare.figure.states.about")),
        Figure::Bytes => (text!("compare.figure.bytes"), text!("compare.figure.bytes.about")),
        Figure::Messages => {
            (text!("compare.figure.messages"), text!("compare.figure.messages.about"))
        }
        Figure::Repeated => {
            (text!("compare.figure.repeated"), text!("compare.figure.repeated.about"))
        }
        Figure::Lost => (text!("compare.figure.lost"), text!("compare.figure.lost.about")),
        Figure::Resurrected => {
            (text!("compare.figure.resurrected"), text!("compare.figure.resurrected.about"))
        }
        Figure::Vanished => {
            (text!("compare.figure.vanished"), text!("compare.figure.vanished.about"))
        }
        Figure::Split => (text!("compare.figure.split"), text!("compare.figure.split.about")),
        Figure::Kept => (text!("compare.figure.kept"), text!("compare.figure.kept.about")),
    };
    let cell = |(run, is_best): (&Figures, bool)| {
        let (value, note) = shown(figure, run);
        html! {
            <td role="cell" class={classes!("figure", is_best.then_some("best"))}>
                if is_best {
                    <strong>{ value }<span class="visually-hidden">{ text!("compare.best") }</span></strong>
                } else {
                    <span>{ value }</span>
                }
                if let Some(note) = note {
                    { " " }
                    <small>{ note }</small>
                }
            </td>
        }
    };
    html! {
        <tr role="row">
            <th role="rowheader" scope="row">{ name }{ " " }<small>{ about }</small></th>
            { for runs.iter().zip(figure.best(runs)).map(cell) }
        </tr>
    }
}

/// A figure of a run, and what goes with it.
fn shown(figure: Figure, run: &Figures) -> (String, Option<String>) {
    let time = |us: Option<u64>| us.map(|us| SimTime::from_us(us).to_string());
    match figure {
        Figure::AgreedAfter => match (time(run.agreed_after_us), run.has_ended) {
            (Some(after), _) => (after, None),
            (None, true) => (text!("compare.never").to_owned(), None),
            (None, false) => (text!("compare.not_yet").to_owned(), None),
        },
        Figure::KnownAfter => (time(run.known_after_us).unwrap_or_else(|| "–".to_owned()), None),
        Figure::Bytes => {
            let tenths = run.bytes_ratio_tenths();
            let note = tenths
                .map(|it| text!("compare.times_least", times = format!("{}.{}", it / 10, it % 10)));
            (grouped(run.metrics.bytes_sent), note)
        }
        Figure::Messages => {
            let lost = grouped(run.metrics.messages_lost);
            (
                grouped(run.metrics.messages_sent),
                Some(text!("compare.lost_on_the_way", count = lost)),
            )
        }
        Figure::Lost => {
            let idle = run.metrics.operations_without_effect;
            let note = (idle > 0).then(|| text!("compare.without_effect", count = grouped(idle)));
            (grouped(run.operations_lost), note)
        }
        Figure::Distinct
        | Figure::Repeated
        | Figure::Resurrected
        | Figure::Vanished
        | Figure::Split
        | Figure::Kept => match figure.value(run) {
            Some(value) => (grouped(value), None),
            None => (text!("compare.not_counted").to_owned(), None),
        },
    }
}
