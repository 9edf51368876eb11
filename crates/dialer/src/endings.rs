//! Ends of calls, written down together.
//!
//! Each end of a call is written on its own as long as few calls end. While one is being written others come, and those
//! share the next transaction: under load, what a transaction costs is paid once for many calls, and nobody waits longer
//! than for the transaction before.

use store::{
    Store, StoreError,
    calls::{self, Ended, Ending},
};
use tokio::sync::{mpsc, oneshot};

/// Calls ended in one transaction at most.
const TOGETHER: usize = 100;

struct Waiting {
    ending: Ending,
    answer: oneshot::Sender<Result<Ended, StoreError>>,
}

/// Where calls end. Clones share it.
#[derive(Clone, Debug)]
pub struct Endings {
    store: Store,
    queue: mpsc::UnboundedSender<Waiting>,
}

impl Endings {
    /// Starts the task that writes; it ends when the last clone is dropped.
    #[must_use]
    pub fn start(store: Store) -> Self {
        let (queue, waiting) = mpsc::unbounded_channel();
        tokio::spawn(write_down(store.clone(), waiting));
        Self { store, queue }
    }

    /// Ends a call, as [`calls::end`] does.
    ///
    /// # Errors
    /// The database's, because of this call alone; it can be tried again.
    pub async fn end(&self, ending: &Ending) -> Result<Ended, StoreError> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting {
            ending: ending.clone(),
            answer,
        };
        if self.queue.send(waiting).is_ok()
            && let Ok(ended) = answered.await
        {
            return ended;
        }
        // The task is gone, with the runtime it ran on.
        calls::end(&self.store, ending).await
    }
}

async fn write_down(store: Store, mut queue: mpsc::UnboundedReceiver<Waiting>) {
    let mut waiting = Vec::new();
    while queue.recv_many(&mut waiting, TOGETHER).await > 0 {
        let (endings, answers): (Vec<Ending>, Vec<_>) = waiting
            .drain(..)
            .map(|waiting| (waiting.ending, waiting.answer))
            .unzip();
        // A call that no longer wants its answer is ended all the same.
        match calls::end_all(&store, &endings).await {
            Ok(ended) => {
                for (ended, answer) in ended.into_iter().zip(answers) {
                    let _ = answer.send(Ok(ended));
                }
            }
            // What is wrong with one of them must not keep the others from ending.
            Err(_) if endings.len() > 1 => {
                for (ending, answer) in endings.iter().zip(answers) {
                    let _ = answer.send(calls::end(&store, ending).await);
                }
            }
            Err(error) => {
                if let Some(answer) = answers.into_iter().next() {
                    let _ = answer.send(Err(error));
                }
            }
        }
    }
}
