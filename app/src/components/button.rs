//! Buttons are plain `<button class="button …">`; the classes are `primary`, `danger`, `quiet`, `small`, `icon-only`.
//! These two are for the cases that repeat.

use super::Icon;
use leptos::prelude::*;
use leptos_router::components::A;

/// A link that looks like a button, because it leads somewhere.
#[component]
pub fn LinkButton(
    #[prop(into)] href: String,
    /// `primary`, `danger`, `quiet`, `small`, or several.
    #[prop(optional)]
    class: &'static str,
    #[prop(optional)] icon: Option<&'static str>,
    children: Children,
) -> impl IntoView {
    view! {
        <A href=href attr:class=format!("button {class}")>
            {icon.map(|icon| view! { <Icon name=icon /> })}
            {children()}
        </A>
    }
}

/// A button that only shows an icon; `label` is its name for those who cannot see it, and its tooltip.
#[component]
pub fn IconButton(
    icon: &'static str,
    #[prop(into)] label: Signal<String>,
    #[prop(optional)] class: &'static str,
    on_press: impl FnMut(leptos::ev::MouseEvent) + 'static,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class=format!("button icon-only quiet {class}")
            aria-label=move || label.get()
            title=move || label.get()
            on:click=on_press
        >
            <Icon name=icon />
        </button>
    }
}
