//! Who may sign in, and as what.

mod invite;
mod user_line;

use crate::{
    api::users::list_users,
    components::{Column, DataTable, Loaded, PageHeader, Problem},
    session::may,
};
use domain::{
    access::{Permission, Role},
    views::{InvitationLink, UserRow},
};
use invite::{InviteForm, LinkNotice};
use leptos::prelude::*;
use user_line::UserLine;

const COLUMNS: &[Column] = &[
    Column::Text("Name"),
    Column::Text("E-mail address"),
    Column::Text("Role"),
    Column::Text("Last seen"),
    Column::Hidden("Actions"),
];

/// The words for a role.
pub(crate) const fn role_label(role: Role) -> &'static str {
    match role {
        Role::Viewer => "Viewer",
        Role::Supervisor => "Supervisor",
        Role::Manager => "Manager",
        Role::Administrator => "Administrator",
    }
}

/// Roles for a `<select>`.
fn role_options() -> Vec<(String, String)> {
    Role::ALL
        .map(|role| (role.to_string(), role_label(role).to_owned()))
        .to_vec()
}

/// Who may sign in, and as what.
#[component]
pub fn Users() -> impl IntoView {
    if !may(Permission::Administer) {
        return view! { <Problem error=Permission::Administer.refusal().into() /> }.into_any();
    }
    let version = RwSignal::new(0_u32);
    let users = Resource::new(move || version.get(), |_| list_users());
    let changed = move || version.update(|version| *version += 1);
    let link = RwSignal::new(None::<(String, InvitationLink)>);
    view! {
        <PageHeader title="Users" />
        <InviteForm link=link on_invited=changed />
        {move || link.get().map(|(whom, link)| view! { <LinkNotice whom=whom link=link /> })}
        <Loaded
            resource=users
            view=move |users| view! { <UserTable users=users link=link changed=changed /> }.into_any()
        />
    }
    .into_any()
}

#[component]
fn UserTable(
    users: Vec<UserRow>,
    link: RwSignal<Option<(String, InvitationLink)>>,
    changed: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let rows = users
        .into_iter()
        .map(|user| view! { <UserLine user=user link=link changed=changed /> })
        .collect_view();
    view! {
        <section class="card flush">
            <DataTable label="Users" columns=COLUMNS>
                {rows}
            </DataTable>
        </section>
    }
    .into_any()
}
