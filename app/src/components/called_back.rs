//! The mark of a call that came in.

use crate::components::Icon;
use domain::Direction;
use leptos::prelude::*;

/// Says that the person called; nothing beside a call that we made.
#[component]
pub fn CalledBack(direction: Direction) -> impl IntoView {
    direction.is_inbound().then(|| {
        view! {
            <span class="called-back" title=direction.label()>
                <Icon name="phone-incoming" />
                <span class="visually-hidden">{direction.label()}</span>
            </span>
        }
    })
}
