//! Asks the campaign's own service, in a task that ends when it is dropped.

use crate::flow::Event;
use domain::{Personal, agent_tools::LookUp};
use futures::FutureExt;
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use voice::ports::LookUpService;

/// The answer must be there within this time, by the wall clock.
const PATIENCE: Duration = Duration::from_secs(8);

/// At most one question at a time.
pub(super) struct LookingUp {
    service: Arc<dyn LookUpService>,
    /// What may be asked, if the campaign has such a service.
    allowed: Option<LookUp>,
    inbox: mpsc::UnboundedSender<Event>,
    current: Option<AbortOnDropHandle<()>>,
}

impl LookingUp {
    pub(super) fn new(
        service: Arc<dyn LookUpService>,
        allowed: Option<LookUp>,
        inbox: mpsc::UnboundedSender<Event>,
    ) -> Self {
        Self {
            service,
            allowed,
            inbox,
            current: None,
        }
    }

    pub(super) fn start(&mut self, question: Personal) {
        let (service, allowed, inbox) = (Arc::clone(&self.service), self.allowed.clone(), self.inbox.clone());
        self.current = Some(AbortOnDropHandle::new(tokio::spawn(async move {
            let answer = async {
                let look_up = allowed?;
                let asked = tokio::time::timeout(PATIENCE, service.ask(&look_up, &question));
                // An adapter that panics must not leave the call waiting for its answer.
                AssertUnwindSafe(asked).catch_unwind().await.ok()?.ok()?
            };
            let answer = answer.await;
            if answer.is_none() {
                tracing::warn!("a campaign's service did not answer a question");
            }
            // Nobody listens any more: the call is over.
            let _ = inbox.send(Event::LookedUp(answer));
        })));
    }
}
