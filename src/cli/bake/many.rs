//! A set of templates, each baked when what it is made from is there, side by side where nothing is
//! between them.

use futures::future::{BoxFuture, FutureExt, join_all};
use tokio::sync::Semaphore;

use super::{
    end::TemplateEnd,
    one::{self, Values},
};
use crate::{
    cli::{
        Context,
        anew::Anew,
        judge::{Below, Judge},
        set::Set,
        show,
    },
    engine::{Interrupt, on_error::OnError},
};

/// How every one of them is baked.
pub struct How {
    pub anew: Anew,
    pub no_wait: bool,
    pub cold: bool,
    pub on_error: OnError,
}

/// A set being baked.
pub struct Many<'a> {
    pub set: &'a Set,
    pub judge: &'a Judge<'a>,
    /// Values of each template's secrets.
    pub secrets: Vec<Values>,
    pub how: How,
    pub interrupt: Interrupt,
    pub context: &'a Context,
    /// The command line as it was given.
    pub arguments: Vec<String>,
    slots: Semaphore,
}

impl<'a> Many<'a> {
    pub fn new(
        set: &'a Set,
        judge: &'a Judge<'a>,
        secrets: Vec<Values>,
        how: How,
        interrupt: Interrupt,
        jobs: usize,
        context: &'a Context,
    ) -> Self {
        let arguments = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
        Self { set, judge, secrets, how, interrupt, context, arguments, slots: Semaphore::new(jobs) }
    }

    /// What came of each, in the order of the set.
    pub async fn run(&self) -> Vec<TemplateEnd> {
        let trees = self.set.graph.roots().map(|root| self.tree(root, None));
        let mut ends: Vec<(usize, TemplateEnd)> = join_all(trees).await.into_iter().flatten().collect();
        ends.sort_by_key(|(number, _)| *number);
        ends.into_iter().map(|(_, end)| end).collect()
    }

    /// One template, then all that are made from it.
    fn tree<'b>(
        &'b self,
        number: usize,
        base: Option<TemplateEnd>,
    ) -> BoxFuture<'b, Vec<(usize, TemplateEnd)>> {
        async move {
            let end = self.end(number, base.as_ref()).await;
            let children = self.set.graph.children(number).iter();
            let below = join_all(children.map(|child| self.tree(*child, Some(end.clone())))).await;
            [(number, end)].into_iter().chain(below.into_iter().flatten()).collect()
        }
        .boxed()
    }

    async fn end(&self, number: usize, base: Option<&TemplateEnd>) -> TemplateEnd {
        let below = match base {
            None => Below::Nothing,
            Some(TemplateEnd::Baked(image) | TemplateEnd::UpToDate(image)) => Below::Image(image),
            Some(TemplateEnd::Failed { .. } | TemplateEnd::NotBegun { .. } | TemplateEnd::Interrupted) => {
                return self.without_base(number);
            }
        };
        // Never closed.
        let _slot = self.slots.acquire().await.ok();
        if self.interrupt.is_wanted() {
            show::not_baked(self.name(number), "the bake was interrupted".to_owned(), self.context);
            return TemplateEnd::Interrupted;
        }
        match one::one(self, number, below).await {
            Ok(end) => end,
            Err(error) => {
                show::error_of(Some(self.name(number)), &error, self.context);
                TemplateEnd::Failed { code: error.kind.exit_code(), reason: error.to_string() }
            }
        }
    }

    fn without_base(&self, number: usize) -> TemplateEnd {
        let base = self.set.graph.base(number).map(|base| self.name(base).to_owned()).unwrap_or_default();
        let reason = match self.interrupt.is_wanted() {
            true => "the bake was interrupted".to_owned(),
            false => format!("`{base}`, which it is made from, was not"),
        };
        show::not_baked(self.name(number), reason, self.context);
        TemplateEnd::NotBegun { base }
    }

    fn name(&self, number: usize) -> &str {
        &self.set.templates[number].template.image.name
    }
}
