//! Says to everybody who watches whom the person hears.

use super::Watching;
use crate::components::Icon;
use crate::session::signed_in;
use domain::call_command::CallFloor;
use leptos::prelude::*;

/// Nothing while the agent speaks alone; else who speaks, and whether the agent does.
#[component]
pub(super) fn FloorBanner() -> impl IntoView {
    let floor = expect_context::<Watching>().floor;
    let me = signed_in().map(|me| me.user_id);
    let sentence = move || {
        let floor = floor.get();
        if let CallFloor::Colleague(by) = &floor {
            let name = by.name.reveal();
            return Some(if me == Some(by.id) {
                "Your colleague speaks with the person. The agent is silent and listens.".to_owned()
            } else {
                format!("A colleague whom {name} called in speaks with the person. The agent is silent and listens.")
            });
        }
        let by = floor.supervisor()?;
        let mine = me == Some(by.id);
        let name = by.name.reveal();
        Some(match (&floor, mine) {
            (CallFloor::Supervisor(_), true) => {
                "You speak with the person. The agent is silent and listens.".to_owned()
            }
            (CallFloor::Supervisor(_), false) => {
                format!("{name} speaks with the person. The agent is silent and listens.")
            }
            (_, true) => "You, the agent and the person all speak.".to_owned(),
            (_, false) => format!("{name}, the agent and the person all speak."),
        })
    };
    view! {
        <div role="status">
            {move || {
                sentence()
                    .map(|sentence| {
                        view! {
                            <p class="who-hears heard">
                                <Icon name="mic" />
                                {sentence}
                            </p>
                        }
                    })
            }}
        </div>
    }
}
