//! The functions that do with objects of pandas what native kernels do with tables, by their paths. Whoever registers the
//! runtime of Python has them.
//!
//! Each is called with the partitions as positional arguments, tables or objects of pandas as they come, and with the
//! parameters of the operation as keywords; `aligned=False` among them says that the operands are of different rows. It
//! returns an object of pandas. As a question
//! ([`Library::meta`](raskt_expr::Library::meta)), each is asked with what is known of the operands, whose own part is a
//! [`FrameMeta`](crate::FrameMeta), and answers with a `FrameMeta` of as many partitions as the first operand has.

/// `to_table(object, schema=)`: a partition as a table of that schema, which is checked.
pub const TO_TABLE: &str = "raskt.dataframe._partition.to_table";
/// `method(self, *operands, name=, args=, kwargs=)`: a method, operator, property or accessor's method of pandas. An argument
/// is a literal, or `{"operand": i}` for the partition of the operand of that number (`self` is 0). A literal of a dtype is
/// `{"dtype": "datetime64[ns]", "value": i}`.
pub const METHOD: &str = "raskt.dataframe._partition.method";
/// `column(frame, label=)`: one column as a series.
pub const COLUMN: &str = "raskt.dataframe._partition.column";
/// `columns(frame, labels=)`: some columns as a frame.
pub const COLUMNS: &str = "raskt.dataframe._partition.columns";
/// `filter(object, mask)`: the rows at which the mask is true.
pub const FILTER: &str = "raskt.dataframe._partition.filter";
/// `assign(frame, *values, labels=, values=)`: the frame with other or further columns; each of `values` is an argument as
/// those of [`METHOD`] are.
pub const ASSIGN: &str = "raskt.dataframe._partition.assign";
/// `relabel(object, labels=)`: the frame with those names of columns, the series with that name.
pub const RELABEL: &str = "raskt.dataframe._partition.relabel";
/// `reduce(object, name=, kwargs=)`: asked for what is known of the result only; tasks run the three below.
pub const REDUCE: &str = "raskt.dataframe._partition.reduce";
/// `reduce_chunk(object, name=, kwargs=)`: the partial result of one partition.
pub const REDUCE_CHUNK: &str = "raskt.dataframe._partition.reduce_chunk";
/// `reduce_combine(*partials, name=, kwargs=)`: one partial result of several.
pub const REDUCE_COMBINE: &str = "raskt.dataframe._partition.reduce_combine";
/// `reduce_aggregate(*partials, name=, kwargs=)`: the result.
pub const REDUCE_AGGREGATE: &str = "raskt.dataframe._partition.reduce_aggregate";
/// `merge(left, right, schema=, **kwargs)`: two partitions merged, with the keyword arguments of pandas' `merge`; the result is
/// of the schema, whether or not values turn out to be missing in a column.
pub const MERGE: &str = "raskt.dataframe._partition.merge";
/// `joined(*partitions, name=, args=, kwargs=)`: the method `name` of pandas on the partitions, one after another as one object.
pub const JOINED: &str = "raskt.dataframe._partition.joined";
/// `conform(object, schema=, columns=)`: the object under that schema. `columns` are the places of its columns among those that
/// the object has, none where a column is missing, which is filled.
pub const CONFORM: &str = "raskt.dataframe._partition.conform";
/// `length(object)`: a series of one value, the number of rows.
pub const LENGTH: &str = "raskt.dataframe._partition.length";
/// `piece(object, at=, n=)`: piece `at` of `n` equal ones, by the places of rows.
pub const PIECE: &str = "raskt.dataframe._partition.piece";
/// `between(*objects, lower=, upper=, is_last=)`: the rows of all objects whose first index level is at least `lower` and less
/// than `upper`, or at most that where `is_last`. Both are arguments as those of [`METHOD`] are.
pub const BETWEEN: &str = "raskt.dataframe._partition.between";
/// `whole(*partitions)`: the partitions one after another, as one object of pandas: what users get.
pub const WHOLE: &str = "raskt.dataframe._partition.whole";
/// `call(*partitions, function=, args=, kwargs=, schema=, checks=)`: a function of the user's on partitions; its arguments are
/// as those of [`METHOD`]. What it returns is compared with the schema where `checks` says so.
pub const CALL: &str = "raskt.dataframe._partition.call";
/// `folded_chunk(object, function=, kwargs=)`: a function of one partition; what it returns is for [`FOLDED`].
pub const FOLDED_CHUNK: &str = "raskt.dataframe._partition.folded_chunk";
/// `folded(*results, function=, kwargs=, schema=, checks=)`: a function of the list of results. What it returns is compared with
/// the schema, if there is one and `checks` says so.
pub const FOLDED: &str = "raskt.dataframe._partition.folded";
/// `carried(*values, function=, schema=, checks=)`: a function of what is carried and of a partition, or of nothing.
pub const CARRIED: &str = "raskt.dataframe._partition.carried";
/// `checked(object, schema=, checks=)`: an object that users made, compared with the schema where `checks` says so.
pub const CHECKED: &str = "raskt.dataframe._partition.checked";
/// `parquet(object, path=, compression=, row_group_rows=, index=, options=)`: a Parquet file of the object; a series of one
/// value, the number of rows.
pub const WRITE_PARQUET: &str = "raskt.dataframe._writers.parquet";
/// `gather(*partitions)`: the list of the partitions, tables or objects of pandas as they are: what persisting keeps.
pub const GATHER: &str = "raskt.dataframe.gather";
