//! Calls in progress: watching, hearing, steering.

use crate::{
    Caller, Operations, failure::internal, failure::missing, input, phone_input, phone_input::PhoneInputError,
};
use domain::{
    ConversationId, ErrorKind, Personal, UserError,
    access::Permission,
    call_command::{CallCommand, is_key},
    conversation::ConversationStatus,
    monitor::MonitorState,
};
use store::{PgConnection, StoreError, audit, call_commands, conversations, do_not_call, live};

/// Characters of a whisper or of a sentence to say.
const LONGEST_TEXT: usize = 500;

/// What the call monitor begins with; works for ended calls as well.
///
/// # Errors
/// The role does not include it (403), no such conversation (404).
pub async fn monitor(ops: &Operations, caller: &Caller, id: ConversationId) -> Result<MonitorState, UserError> {
    caller.may(Permission::Read)?;
    live::monitor(&ops.store, id).await.map_err(missing("conversation"))
}

/// Whispers to the agent, has it say a sentence, takes the call over or gives it back, presses a key, hands the person over
/// to another number, calls a colleague in, connects or dismisses them, or ends the call.
///
/// # Errors
/// The role does not include it (403), no such conversation (404), it has ended or was not answered yet (409), the text or
/// number will not do (422).
pub async fn command(
    ops: &Operations,
    caller: &Caller,
    id: ConversationId,
    command: CallCommand,
) -> Result<(), UserError> {
    caller.may(Permission::SteerCalls)?;
    let (command, action) = match command {
        CallCommand::Whisper(text) => (CallCommand::Whisper(checked(&text)?), "whispered to the agent of call"),
        CallCommand::Say(text) => (
            CallCommand::Say(checked(&text)?),
            "had the agent say a sentence in call",
        ),
        CallCommand::TakeOver => (CallCommand::TakeOver, "took over call"),
        CallCommand::BargeIn => (CallCommand::BargeIn, "barged in on call"),
        CallCommand::ReturnToAgent => (CallCommand::ReturnToAgent, "returned to the agent call"),
        CallCommand::Transfer(to) => (CallCommand::Transfer(number(&to)?), "transferred call"),
        CallCommand::Press(key) => (CallCommand::Press(checked_key(key)?), "pressed a key in call"),
        CallCommand::CallColleague(to) => (CallCommand::CallColleague(number(&to)?), "called a colleague into call"),
        CallCommand::ConnectColleague => (CallCommand::ConnectColleague, "connected a colleague in call"),
        CallCommand::DismissColleague => (CallCommand::DismissColleague, "dismissed a colleague from call"),
        CallCommand::End => (CallCommand::End, "ended call"),
        // The system tells it, and nobody else.
        CallCommand::GiveWay => return Err(UserError::new(ErrorKind::Invalid, "That is no command for people.")),
    };
    let now = ops.clock.now();
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    if let CallCommand::Transfer(to) | CallCommand::CallColleague(to) = &command {
        may_be_dialled(&mut transaction, to).await?;
    }
    let needs_nobody = matches!(
        command,
        CallCommand::Whisper(_) | CallCommand::Say(_) | CallCommand::End
    );
    if !needs_nobody {
        let status = conversations::status_of(&mut transaction, id)
            .await
            .map_err(missing("conversation"))?;
        if matches!(status, ConversationStatus::Dialing | ConversationStatus::Ringing) {
            return Err(UserError::conflict(
                "Nobody has answered this call yet. Wait until it is live.",
            ));
        }
    }
    let left = call_commands::leave(&mut transaction, now, caller.user_id, id, &command)
        .await
        .map_err(missing("conversation"))?;
    if !left {
        return Err(ended());
    }
    audit::record(&mut transaction, now, Some(caller.user_id), action, &id.to_string())
        .await
        .map_err(internal)?;
    transaction.commit().await.map_err(StoreError::from).map_err(internal)
}

/// Checks that the caller may hear this call now.
///
/// # Errors
/// The role does not include it (403), no such conversation (404), it has ended (409).
pub async fn may_listen(ops: &Operations, caller: &Caller, id: ConversationId) -> Result<(), UserError> {
    caller.may(Permission::Listen)?;
    let mut conn = ops.store.connection().await.map_err(internal)?;
    match conversations::status_of(&mut conn, id)
        .await
        .map_err(missing("conversation"))?
    {
        ConversationStatus::Ended(_) => Err(ended()),
        _ => Ok(()),
    }
}

/// Checks that the caller may speak into this call now, and writes down that they opened a microphone in it. Until they
/// take over or barge in, only the agent hears it.
///
/// # Errors
/// The role does not include it (403), no such conversation (404), it has ended (409).
pub async fn open_microphone(ops: &Operations, caller: &Caller, id: ConversationId) -> Result<(), UserError> {
    caller.may(Permission::SteerCalls)?;
    may_listen(ops, caller, id).await?;
    let mut conn = ops.store.connection().await.map_err(internal)?;
    let action = "opened a microphone in call";
    audit::record(
        &mut conn,
        ops.clock.now(),
        Some(caller.user_id),
        action,
        &id.to_string(),
    )
    .await
    .map_err(internal)
}

fn ended() -> UserError {
    UserError::conflict("This call has ended.")
}

/// Nobody is rung who asked not to be called, whoever wants to speak with them.
async fn may_be_dialled(conn: &mut PgConnection, number: &Personal) -> Result<(), UserError> {
    let Ok(number) = number.reveal().parse() else {
        return Ok(());
    };
    if do_not_call::contains(conn, &number).await.map_err(internal)? {
        return Err(UserError::field(
            "text",
            "This number is on the do-not-call list, so nobody can be put through to it.",
        ));
    }
    Ok(())
}

fn checked_key(key: char) -> Result<char, UserError> {
    if is_key(key) {
        Ok(key)
    } else {
        Err(UserError::field("text", "A telephone has the keys 0 to 9, * and #."))
    }
}

/// A number to hand somebody over to, in E.164 form.
fn number(text: &Personal) -> Result<Personal, UserError> {
    let number = phone_input::parse(text.reveal(), "").map_err(|error| match error {
        PhoneInputError::CountryCode | PhoneInputError::NoSuchNumber => UserError::field(
            "text",
            "There is no such phone number. Write it with its country code, as in +49 30 123456.",
        ),
        error => UserError::field("text", error.to_string()),
    })?;
    Ok(number.e164().into())
}

/// A sentence that can be said, shown and stored.
fn checked(text: &Personal) -> Result<Personal, UserError> {
    let text = input::text("text", text.reveal(), LONGEST_TEXT)?;
    // Line breaks and the like are no speech.
    let words = text.split(|letter: char| letter.is_whitespace() || letter.is_control());
    let text = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return Err(UserError::field("text", "Write what the agent should know or say."));
    }
    Ok(Personal::from(text))
}

#[cfg(test)]
mod tests;
