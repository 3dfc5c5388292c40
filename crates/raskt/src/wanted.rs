//! Tasks in tuples: as arguments of a call, and as what is asked for.

use raskt_core::{ErrorKind, Result, Value};

use crate::datum::Datum;
use crate::graph::Task;

/// Tasks whose values are the types `P`, a tuple: one task, or a tuple of up to six.
pub trait Arguments<P> {
    /// Calls `visit` with the graph and the number of each task.
    fn visit(&self, visit: &mut dyn FnMut(u64, u32));
}

impl<A> Arguments<(A,)> for Task<A> {
    fn visit(&self, visit: &mut dyn FnMut(u64, u32)) {
        visit(self.graph, self.number);
    }
}

impl Arguments<()> for () {
    fn visit(&self, _: &mut dyn FnMut(u64, u32)) {}
}

/// What a computation is asked for: a task, a vector or slice of tasks, or a tuple of up to six of such.
pub trait Wanted {
    /// Their values.
    type Values;

    /// Calls `visit` with the graph and the number of each task.
    fn visit(&self, visit: &mut dyn FnMut(u64, u32));

    /// Reads the values, in the order in which tasks were visited.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`] where a value is of another type, or missing.
    fn read(&self, values: &mut dyn Iterator<Item = Value>) -> Result<Self::Values>;
}

impl<T: Datum> Wanted for Task<T> {
    type Values = T;

    fn visit(&self, visit: &mut dyn FnMut(u64, u32)) {
        visit(self.graph, self.number);
    }

    fn read(&self, values: &mut dyn Iterator<Item = Value>) -> Result<T> {
        match values.next() {
            Some(value) => T::from_value(value),
            None => Err(ErrorKind::WrongType { expected: T::NAME, found: "nothing".into() }.into()),
        }
    }
}

impl<W: Wanted> Wanted for &[W] {
    type Values = Vec<W::Values>;

    fn visit(&self, visit: &mut dyn FnMut(u64, u32)) {
        self.iter().for_each(|wanted| wanted.visit(visit));
    }

    fn read(&self, values: &mut dyn Iterator<Item = Value>) -> Result<Self::Values> {
        self.iter().map(|wanted| wanted.read(values)).collect()
    }
}

impl<W: Wanted> Wanted for Vec<W> {
    type Values = Vec<W::Values>;

    fn visit(&self, visit: &mut dyn FnMut(u64, u32)) {
        self.as_slice().visit(visit);
    }

    fn read(&self, values: &mut dyn Iterator<Item = Value>) -> Result<Self::Values> {
        self.as_slice().read(values)
    }
}

impl<W: Wanted> Wanted for &Vec<W> {
    type Values = Vec<W::Values>;

    fn visit(&self, visit: &mut dyn FnMut(u64, u32)) {
        self.as_slice().visit(visit);
    }

    fn read(&self, values: &mut dyn Iterator<Item = Value>) -> Result<Self::Values> {
        self.as_slice().read(values)
    }
}

/// Tuples of tasks.
macro_rules! tuples {
    ($($($type:ident $at:tt),+;)*) => {$(
        impl<$($type),+> Arguments<($($type,)+)> for ($(Task<$type>,)+) {
            fn visit(&self, visit: &mut dyn FnMut(u64, u32)) {
                $(visit(self.$at.graph, self.$at.number);)+
            }
        }

        impl<$($type: Wanted),+> Wanted for ($($type,)+) {
            type Values = ($($type::Values,)+);

            fn visit(&self, visit: &mut dyn FnMut(u64, u32)) {
                $(self.$at.visit(visit);)+
            }

            fn read(&self, values: &mut dyn Iterator<Item = Value>) -> Result<Self::Values> {
                Ok(($(self.$at.read(values)?,)+))
            }
        }
    )*};
}

tuples! {
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, F 5;
}
