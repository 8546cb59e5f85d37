//! What ends a run before its work is done: the user, or the time that its template gives it.

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use crate::{
    error::{Error, Kind},
    template::units::Span,
    time::Moment,
};

/// Told when the run is to end.
#[derive(Clone)]
pub struct Interrupt {
    user: watch::Receiver<bool>,
    limit: Option<(Instant, Span)>,
}

impl Interrupt {
    /// `user` becomes true when the user wants the end.
    pub fn new(user: watch::Receiver<bool>) -> Self {
        Self { user, limit: None }
    }

    /// From now on the run has so much time.
    pub fn within(self, limit: Option<Span>) -> Self {
        Self { limit: limit.map(|span| (Instant::now().later(span.0), span)), ..self }
    }

    /// Whether the user wants the end already.
    pub fn is_wanted(&self) -> bool {
        *self.user.borrow()
    }

    /// `error`, unless the user wants the end: then that is why `doing` has none.
    pub fn cause_of(&self, error: Error, doing: &str) -> Error {
        if self.is_wanted() { interrupted(doing) } else { error }
    }

    /// Comes back when the run is to end, with the error that tells why `doing` did not.
    pub async fn wanted(&mut self, doing: &str) -> Error {
        let limit = self.limit;
        let over = async {
            match limit {
                Some((end, span)) => {
                    sleep_until(end).await;
                    span
                }
                None => std::future::pending().await,
            }
        };
        let user = async {
            // A sender that is gone can no longer interrupt: wait for ever.
            if self.user.wait_for(|wanted| *wanted).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = user => interrupted(doing),
            span = over => Error::new(Kind::Bake, format!("{doing} was not done when {span} were over"))
                .hint("raise `timeout` in [image], or look at where the time went"),
        }
    }
}

fn interrupted(doing: &str) -> Error {
    Error::new(Kind::Interrupted, format!("{doing} was interrupted"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_user_and_the_clock_end_a_run_each_with_words_of_its_own() {
        let (sender, receiver) = watch::channel(false);
        let mut never = Interrupt::new(receiver);
        let mut soon = never.clone().within(Some(Span(std::time::Duration::from_millis(1))));
        let error = soon.wanted("the bake").await;
        assert_eq!(
            (error.kind, error.to_string().as_str()),
            (Kind::Bake, "the bake was not done when 1ms were over")
        );
        sender.send_replace(true);
        let error = never.wanted("the bake").await;
        assert_eq!((error.kind, error.to_string().as_str()), (Kind::Interrupted, "the bake was interrupted"));
    }
}
