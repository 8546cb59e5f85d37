//! Where a Rust file reckons with moments by `+` and `-`, which panic beyond the end of the clock. Types are not known
//! to `syn`: a moment is what is declared as one in the same file, or taken from a clock.

use std::collections::BTreeSet;

use syn::{
    BinOp, Expr, ExprBinary, Field, FnArg, ItemMod, Local, Member, Pat, Type,
    spanned::Spanned,
    visit::{self, Visit},
};

use super::survey::is_test;

/// The types of moments.
const MOMENTS: [&str; 3] = ["Instant", "Timestamp", "SystemTime"];

/// The lines of a file that do so, outside of test modules.
pub fn sums_of_moments(source: &str) -> Vec<usize> {
    let file = syn::parse_file(source).unwrap();
    let mut names = Names::default();
    names.visit_file(&file);
    let mut sums = Sums { names: names.0, lines: Vec::new() };
    sums.visit_file(&file);
    sums.lines
}

/// What is declared as a moment.
#[derive(Default)]
struct Names(BTreeSet<String>);

struct Sums {
    names: BTreeSet<String>,
    lines: Vec<usize>,
}

fn is_moment_type(of: &Type) -> bool {
    match of {
        Type::Path(path) => {
            path.path.segments.last().is_some_and(|last| MOMENTS.iter().any(|name| last.ident == name))
        }
        Type::Reference(reference) => is_moment_type(&reference.elem),
        _ => false,
    }
}

/// `Instant::now()`
fn is_now(expr: &Expr) -> bool {
    let Expr::Call(call) = expr else { return false };
    let Expr::Path(path) = &*call.func else { return false };
    let mut names = path.path.segments.iter().rev().map(|segment| &segment.ident);
    names.next().is_some_and(|name| name == "now")
        && names.next().is_some_and(|of| MOMENTS.iter().any(|name| of == name))
}

fn name_of(pattern: &Pat) -> Option<String> {
    match pattern {
        Pat::Ident(ident) => Some(ident.ident.to_string()),
        _ => None,
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if !is_test(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_field(&mut self, field: &'ast Field) {
        if is_moment_type(&field.ty) {
            self.0.extend(field.ident.as_ref().map(ToString::to_string));
        }
    }

    fn visit_fn_arg(&mut self, argument: &'ast FnArg) {
        if let FnArg::Typed(argument) = argument
            && is_moment_type(&argument.ty)
        {
            self.0.extend(name_of(&argument.pat));
        }
    }

    fn visit_local(&mut self, local: &'ast Local) {
        if local.init.as_ref().is_some_and(|init| is_now(&init.expr)) {
            self.0.extend(name_of(&local.pat));
        }
        visit::visit_local(self, local);
    }
}

impl Sums {
    fn is_moment(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Paren(inner) => self.is_moment(&inner.expr),
            Expr::Unary(inner) => self.is_moment(&inner.expr),
            Expr::Binary(inner) => self.is_moment(&inner.left),
            Expr::MethodCall(call) if call.method == "min" || call.method == "max" => {
                self.is_moment(&call.receiver)
            }
            Expr::Path(path) => {
                path.path.get_ident().is_some_and(|name| self.names.contains(&name.to_string()))
            }
            Expr::Field(field) => {
                matches!(&field.member, Member::Named(name) if self.names.contains(&name.to_string()))
            }
            other => is_now(other),
        }
    }
}

impl<'ast> Visit<'ast> for Sums {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if !is_test(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_expr_binary(&mut self, sum: &'ast ExprBinary) {
        let adds =
            matches!(sum.op, BinOp::Add(_) | BinOp::Sub(_) | BinOp::AddAssign(_) | BinOp::SubAssign(_));
        if adds && self.is_moment(&sum.left) {
            self.lines.push(sum.span().start().line);
        }
        visit::visit_expr_binary(self, sum);
    }
}
