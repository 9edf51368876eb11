//! The right side: how loud both are, and what is known about the lead.

use super::Watching;
use crate::components::Meter;
use leptos::prelude::*;

#[component]
pub(super) fn Side() -> impl IntoView {
    let state = expect_context::<Watching>().state;
    let agent = Memo::new(move |_| state.with(|state| state.level_agent));
    let person = Memo::new(move |_| state.with(|state| state.level_person));
    let facts = state.with_untracked(|state| state.lead_facts.clone());
    view! {
        <aside class="monitor-side" aria-label="About this call" tabindex="0">
            <div class="meters">
                <Meter label="Our side’s voice" level=agent class="agent" />
                <Meter label="Person’s voice" level=person />
            </div>
            {(!facts.is_empty())
                .then(|| {
                    view! {
                        <dl>
                            {facts
                                .into_iter()
                                .map(|(name, value)| {
                                    view! {
                                        <dt>{name.replace('_', " ")}</dt>
                                        <dd>{value.reveal().to_owned()}</dd>
                                    }
                                })
                                .collect_view()}
                        </dl>
                    }
                })}
        </aside>
    }
}
