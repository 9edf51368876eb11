//! The way to every page: a bar at the left, on a phone at the bottom.

use crate::{
    components::Icon,
    session::{installation, may, signed_in},
};
use domain::access::Permission;
use leptos::prelude::*;
use leptos_router::{components::A, hooks::use_location};

/// One entry: address, icon, name.
type Entry = (&'static str, &'static str, &'static str);

/// What everybody uses all day; these four are on a phone's bar.
const FIRST: [Entry; 4] = [
    ("/", "layout-dashboard", "Dashboard"),
    ("/campaigns", "megaphone", "Campaigns"),
    ("/conversations", "messages-square", "Conversations"),
    ("/do-not-call", "ban", "Do not call"),
];

fn second() -> Vec<Entry> {
    let mut entries = Vec::new();
    if may(Permission::Administer) {
        entries.extend([("/users", "users", "Users"), ("/audit", "scroll-text", "Audit log")]);
    }
    entries.push(("/settings", "settings", "Settings"));
    if installation().is_some_and(|view| view.development) {
        entries.push(("/gallery", "palette", "Gallery"));
    }
    entries
}

#[component]
fn Link(entry: Entry, #[prop(optional)] class: &'static str) -> impl IntoView {
    let (address, icon, name) = entry;
    view! {
        <A href=address exact=address == "/" attr:class=class>
            <Icon name=icon />
            <span>{name}</span>
        </A>
    }
}

#[component]
fn SignOut() -> impl IntoView {
    view! {
        <form method="post" action="/api/sign-out">
            <button class="button quiet small" type="submit">
                <Icon name="log-out" />
                "Sign out"
            </button>
        </form>
    }
}

/// The navigation, and who is signed in.
#[component]
pub(super) fn Navigation() -> impl IntoView {
    let who = signed_in();
    let role = who.as_ref().map(|who| role_label(who.role));
    let name = who.map(|who| who.name);
    let open = NodeRef::<leptos::html::Details>::new();
    let path = use_location().pathname;
    // On a phone the sheet of further pages closes when one was chosen.
    Effect::new(move || {
        path.track();
        if let Some(sheet) = open.get_untracked() {
            sheet.set_open(false);
        }
    });
    view! {
        <header class="sidebar">
            <A href="/" attr:class="brand">
                <img src="/favicon.svg" alt="" width="24" height="24" />
                "Ringside"
            </A>
            <nav class="navigation" aria-label="Pages">
                {FIRST.map(|entry| view! { <Link entry=entry /> }).collect_view()}
                <hr class="rule" />
                {second().into_iter().map(|entry| view! { <Link entry=entry class="second" /> }).collect_view()}
                <details class="more-navigation" node_ref=open>
                    <summary>
                        <Icon name="ellipsis" />
                        "More"
                    </summary>
                    <div class="sheet">
                        {second().into_iter().map(|entry| view! { <Link entry=entry /> }).collect_view()}
                        <Link entry=("/account", "user-round", "Your account") />
                        <SignOut />
                    </div>
                </details>
            </nav>
            <div class="signed-in">
                <A href="/account" attr:class="who">
                    <span>
                        <strong>{name}</strong>
                    </span>
                    <span class="muted small">{role}</span>
                </A>
                <SignOut />
            </div>
        </header>
    }
}

const fn role_label(role: domain::access::Role) -> &'static str {
    use domain::access::Role;
    match role {
        Role::Viewer => "Viewer",
        Role::Supervisor => "Supervisor",
        Role::Manager => "Manager",
        Role::Administrator => "Administrator",
    }
}
