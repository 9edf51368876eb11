use super::role_options;
use crate::{
    api::users::{ResetUserPassword, SetUserLocked, SetUserRole},
    components::{
        Icon, Moment, Toasts,
        form::{CommandButton, action_error},
    },
    session::signed_in,
};
use domain::views::{InvitationLink, UserRow};
use leptos::prelude::*;

/// One user: role, lock, password link.
#[component]
pub(super) fn UserLine(
    user: UserRow,
    link: RwSignal<Option<(String, InvitationLink)>>,
    changed: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let set_role = ServerAction::<SetUserRole>::new();
    let set_locked = ServerAction::<SetUserLocked>::new();
    let reset = ServerAction::<ResetUserPassword>::new();
    let toasts = Toasts::of_app();
    let whom = user.name.clone();
    Effect::new(move |_| {
        if let Some(answer) = set_role.value().get() {
            match answer {
                Ok(()) => toasts.done("The role was changed."),
                Err(error) => toasts.failed(error.0.message),
            }
            changed();
        }
    });
    Effect::new(move |_| match set_locked.value().get() {
        Some(Ok(())) => changed(),
        Some(Err(error)) => toasts.failed(error.0.message),
        None => {}
    });
    Effect::new(move |_| match reset.value().get() {
        Some(Ok(made)) => {
            link.set(Some((whom.clone(), made)));
            changed();
        }
        Some(Err(error)) => toasts.failed(error.0.message),
        None => {}
    });
    // Without WASM the answer comes back in the address, and there are no toasts.
    let posted = [action_error(set_role), action_error(set_locked), action_error(reset)];
    let posted = posted
        .iter()
        .find_map(|error| error.get_untracked())
        .map(|error| error.message);

    let itself = signed_in().is_some_and(|me| me.user_id == user.user_id);
    let id = user.user_id.to_string();
    let (locked_inputs, reset_inputs) = (
        vec![("user", id.clone()), ("locked", (!user.locked).to_string())],
        vec![("user", id.clone())],
    );
    let role = user.role.to_string();
    let options = role_options()
        .into_iter()
        .map(|(value, words)| {
            let selected = value == role;
            view! { <option value=value selected=selected>{words}</option> }
        })
        .collect_view();
    let control = format!("role-{id}");
    let name = user.name.clone();
    let lock_label = if user.locked { "Let in again" } else { "Lock out" };
    view! {
        <tr role="row">
            <th role="rowheader" scope="row" class="lead wrap">
                {user.name.clone()} {itself.then(|| view! { <span class="muted">" (you)"</span> })}
                {user
                    .locked
                    .then(|| {
                        view! {
                            " "
                            <span class="badge tone-failed">
                                <Icon name="lock" />
                                <span>"Locked"</span>
                            </span>
                        }
                    })}
            </th>
            <td role="cell" class="wrap">{user.email.clone()}</td>
            <td role="cell">
                <ActionForm action=set_role attr:class="inline-form">
                    <input type="hidden" name="user" value=id.clone() />
                    <label class="visually-hidden" for=control.clone()>
                        {format!("Role of {}", user.name)}
                    </label>
                    <select id=control name="role">
                        {options}
                    </select>
                    <button type="submit" class="button small" aria-label=format!("Change the role of {}", user.name)>
                        "Change"
                    </button>
                </ActionForm>
            </td>
            <td role="cell" class="muted">
                {match user.last_seen_at {
                    Some(at) => view! { <Moment at=at /> }.into_any(),
                    None => "never".into_any(),
                }}
            </td>
            <td role="cell">
                <div class="row">
                    {(!itself)
                        .then(|| {
                            view! {
                                <CommandButton
                                    action=set_locked
                                    label=lock_label
                                    inputs=locked_inputs
                                    class="button small"
                                    says=format!("{lock_label}: {name}")
                                />
                                <CommandButton
                                    action=reset
                                    label="New password link"
                                    inputs=reset_inputs
                                    class="button small"
                                    says=format!("New password link for {name}")
                                />
                            }
                        })}
                </div>
                {posted.map(|message| view! { <p class="problem">{message}</p> })}
            </td>
        </tr>
    }
    .into_any()
}
