//! Whether the signalling server is reached.

use gloo::utils::window;
use scalesmall_peer::web::Signalling;
use yew::prelude::*;

use crate::texts::text;

/// The line that says so, where there is a server.
pub(super) fn server(signalling: &Signalling, is_reached: Option<bool>) -> Html {
    let Signalling::Server(address) = signalling else { return Html::default() };
    let server = address.to_string();
    let (state, said) = match is_reached {
        None => ("calling", text!("live.server_calling", server = server)),
        Some(true) => ("reached", text!("live.server_reached", server = server)),
        Some(false) => ("unreached", text!("live.server_unreached", server = server)),
    };
    let reason = refusal(signalling).filter(|_| is_reached != Some(true));
    html! {
        <p id="signalling" class="faint" role="status" data-state={state}>
            { said }
            if let Some(reason) = reason {
                { " " }{ reason }
            }
        </p>
    }
}

/// Why the browser refuses to call a server, where that is known: pages that came encrypted may not
/// call without encryption, but on the machine that they are on.
pub(super) fn refusal(signalling: &Signalling) -> Option<&'static str> {
    let Signalling::Server(address) = signalling else { return None };
    let is_plain = address.to_string().starts_with("ws:");
    let is_encrypted = window().location().protocol().is_ok_and(|protocol| protocol == "https:");
    (is_plain && is_encrypted).then(|| text!("live.server_refused"))
}
