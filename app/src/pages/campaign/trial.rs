//! Talking to the campaign's agent with the browser's microphone, before anybody is called.

use crate::{
    components::{Dialog, Icon, Meter, Notice, StatusBadge, Tone, duration_text},
    listening::{Hearing, Listener, Speaking},
};
use domain::{
    CampaignId,
    agent_state::AgentState,
    conversation::{Disposition, Speaker},
    results::ConversationResults,
    trial::TrialNews,
};
use leptos::prelude::*;

/// The button, and the dialog with the conversation.
#[component]
pub(super) fn TalkToTheAgent(id: CampaignId) -> impl IntoView {
    let open = RwSignal::new(false);
    view! {
        <button type="button" class="button" on:click=move |_| open.set(true)>
            <Icon name="mic" />
            "Talk to the agent"
        </button>
        <Dialog open=open title="Talk to the agent – a test" wide=true>
            <Trial id=id />
        </Dialog>
    }
}

/// What the browser knows of the conversation.
#[derive(Clone, Copy)]
struct Heard {
    lines: RwSignal<Vec<(Speaker, String, u32)>>,
    state: RwSignal<AgentState>,
    agent: RwSignal<u8>,
    person: RwSignal<u8>,
    ended: RwSignal<Option<(Disposition, ConversationResults)>>,
}

impl Heard {
    fn take(self, text: &str) {
        match serde_json::from_str(text) {
            Ok(TrialNews::Sentence {
                speaker,
                text,
                start_ms,
                ..
            }) => self
                .lines
                .update(|lines| lines.push((speaker, text.reveal().to_owned(), start_ms))),
            Ok(TrialNews::State { state }) => self.state.set(state),
            Ok(TrialNews::Levels { agent, person }) => {
                self.agent.set(agent);
                self.person.set(person);
            }
            Ok(TrialNews::Ended { disposition, results }) => self.ended.set(Some((disposition, results))),
            // A server that is newer than this page tells more than it knows.
            Err(_) => {}
        }
    }
}

#[component]
fn Trial(id: CampaignId) -> impl IntoView {
    let heard = Heard {
        lines: RwSignal::new(Vec::new()),
        state: RwSignal::new(AgentState::Waiting),
        agent: RwSignal::new(0),
        person: RwSignal::new(0),
        ended: RwSignal::new(None),
    };
    let listener = Listener::at(format!("/try/{id}"), move |text| heard.take(&text));
    let (hearing, speaking) = (listener.hearing(), listener.speaking());
    let going_on = Memo::new(move |_| {
        matches!(hearing.get(), Hearing::On | Hearing::Connecting)
            && matches!(speaking.get(), Speaking::On | Speaking::Asking)
    });
    // Without a microphone there is no conversation.
    Effect::new(move || {
        if let Speaking::Refused(_) = speaking.get() {
            listener.hang_up_but_say_why();
        }
    });
    let begin = move |_| {
        heard.lines.set(Vec::new());
        heard.ended.set(None);
        listener.speak();
    };
    view! {
        <div class="monitor">
            <div class="stack trial-head">
                <Notice>
                    "This is a test: no phone rings, nobody on the list is called, nothing of it is kept or counted. The agent speaks the saved campaign to you as if you were its first lead."
                </Notice>
                // There are no other ears yet; whoever adds some makes this depend on them.
                <Notice tone=Tone::Warning>
                    "This installation has no speech recognition of its own yet: the rehearsal’s stand-in hears when you speak and lets you interrupt, but understands only the rehearsal’s own voices."
                </Notice>
                <div role="status">
                    {move || match (speaking.get(), hearing.get()) {
                        (Speaking::Refused(why), _) => view! { <Notice tone=Tone::Warning>{why}</Notice> }.into_any(),
                        (Speaking::Asking, _) => {
                            view! { <p>"Waiting for the microphone: allow it if your browser asks."</p> }.into_any()
                        }
                        (_, Hearing::Stopped(why)) if heard.ended.with(Option::is_none) => {
                            view! { <Notice tone=Tone::Warning>{why}</Notice> }.into_any()
                        }
                        (Speaking::On, Hearing::On) => {
                            view! { <StatusBadge status=heard.state /> }.into_any()
                        }
                        _ => ().into_any(),
                    }}
                </div>
            </div>
            <div class="monitor-middle">
                <div class="transcript">
                    <div class="lines" tabindex="0" role="region" aria-label="Transcript">
                        <div class="final" role="log" aria-label="What was said">
                            {move || {
                                heard
                                    .lines
                                    .get()
                                    .into_iter()
                                    .map(|(speaker, text, at)| view! { <Line speaker=speaker text=text at=at /> })
                                    .collect_view()
                            }}
                        </div>
                        {move || heard.ended.get().map(|(how, results)| view! { <Results how=how results=results /> })}
                    </div>
                </div>
                <div class="monitor-side" role="group" aria-label="How loud it is">
                    <div class="meters">
                        <Meter label="Agent’s voice" level=heard.agent class="agent" />
                        <Meter label="Your voice" level=heard.person />
                    </div>
                </div>
            </div>
            <div class="monitor-foot">
                <Show
                    when=move || going_on.get()
                    fallback=move || {
                        view! {
                            <button type="button" class="button primary" on:click=begin>
                                <Icon name="mic" />
                                "Begin to talk"
                            </button>
                        }
                    }
                >
                    <button type="button" class="button danger" on:click=move |_| listener.be_silent()>
                        <Icon name="phone-off" />
                        "Hang up"
                    </button>
                </Show>
            </div>
        </div>
    }
}

#[component]
fn Line(speaker: Speaker, text: String, at: u32) -> impl IntoView {
    let (icon, name) = match speaker {
        Speaker::Agent => ("bot", "Agent"),
        _ => ("user-round", "You"),
    };
    view! {
        <div class=format!("line {}", speaker.as_str())>
            <span class="by">
                <Icon name=icon />
                {name}
                " "
                {duration_text(u64::from(at / 1_000))}
            </span>
            <p>{text}</p>
        </div>
    }
}

/// What a call would have come to.
#[component]
fn Results(how: Disposition, results: ConversationResults) -> impl IntoView {
    let fields = results.fields.into_iter().map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        view! {
            <dt>{name.replace('_', " ")}</dt>
            <dd>{value}</dd>
        }
    });
    view! {
        <section class="card stack" aria-label="Results">
            <h3>"Results"</h3>
            <dl>
                <dt>"How a call would have ended"</dt>
                <dd>{how.label()}</dd>
                {results.reason.map(|reason| view! { <dt>"Why"</dt><dd>{reason}</dd> })}
                {results.summary.map(|summary| view! { <dt>"Summary"</dt><dd>{summary}</dd> })}
                {results.call_back.map(|when| view! { <dt>"Call back"</dt><dd>{when}</dd> })}
                {fields.collect_view()}
            </dl>
            <p class="muted small">"Not stored: it is gone when you close this."</p>
        </section>
    }
}
