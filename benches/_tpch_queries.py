"""The 22 queries of TPC-H with the names that Raskt, Dask and pandas share.

Each takes the tables and gives what is asked for without computing it: a frame with the columns and in the
order that the query asks for. The parameters are those by which the specification validates answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")


class Tables:
    """The tables of a folder, as frames of a library."""

    def __init__(self, read: Callable[[str], Any], scale: float) -> None:
        self._read = read
        self.scale = scale

    def __getattr__(self, name: str) -> Any:
        if name not in TABLES:
            raise AttributeError(name)
        return self._read(name)


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


def revenue(items: Any) -> Any:
    """Give lines their price after the discount."""
    return items.assign(revenue=items.l_extendedprice * (1 - items.l_discount))


def q01(t: Tables) -> Any:
    items = t.lineitem
    items = items[items.l_shipdate <= day("1998-09-02")]
    items = items.assign(disc_price=items.l_extendedprice * (1 - items.l_discount))
    items = items.assign(charge=items.disc_price * (1 + items.l_tax))
    sums = items.groupby(["l_returnflag", "l_linestatus"]).agg(
        sum_qty=("l_quantity", "sum"),
        sum_base_price=("l_extendedprice", "sum"),
        sum_disc_price=("disc_price", "sum"),
        sum_charge=("charge", "sum"),
        avg_qty=("l_quantity", "mean"),
        avg_price=("l_extendedprice", "mean"),
        avg_disc=("l_discount", "mean"),
        count_order=("l_orderkey", "count"),
    )
    return sums.reset_index().sort_values(["l_returnflag", "l_linestatus"])


def q02(t: Tables) -> Any:
    parts, regions = t.part, t.region
    parts = parts[(parts.p_size == 15) & parts.p_type.str.endswith("BRASS")]
    regions = regions[regions.r_name == "EUROPE"]
    suppliers = regions.merge(t.nation, left_on="r_regionkey", right_on="n_regionkey").merge(
        t.supplier, left_on="n_nationkey", right_on="s_nationkey"
    )
    offers = parts.merge(t.partsupp, left_on="p_partkey", right_on="ps_partkey").merge(
        suppliers, left_on="ps_suppkey", right_on="s_suppkey"
    )
    cheapest = offers.groupby("p_partkey").ps_supplycost.min().reset_index()
    columns = ["s_acctbal", "s_name", "n_name", "p_partkey", "p_mfgr", "s_address", "s_phone", "s_comment"]
    return (
        offers.merge(cheapest, on=["p_partkey", "ps_supplycost"])[columns]
        .sort_values(["s_acctbal", "n_name", "s_name", "p_partkey"], ascending=[False, True, True, True])
        .head(100, npartitions=-1, compute=False)
    )


def q03(t: Tables) -> Any:
    customers, orders, items = t.customer, t.orders, t.lineitem
    customers = customers[customers.c_mktsegment == "BUILDING"]
    orders = orders[orders.o_orderdate < day("1995-03-15")]
    items = items[items.l_shipdate > day("1995-03-15")]
    joined = customers.merge(orders, left_on="c_custkey", right_on="o_custkey").merge(
        items, left_on="o_orderkey", right_on="l_orderkey"
    )
    sums = revenue(joined).groupby(["l_orderkey", "o_orderdate", "o_shippriority"]).revenue.sum()
    return (
        sums.reset_index()
        .sort_values(["revenue", "o_orderdate"], ascending=[False, True])
        .head(10, npartitions=-1, compute=False)[["l_orderkey", "revenue", "o_orderdate", "o_shippriority"]]
    )


def q04(t: Tables) -> Any:
    orders, items = t.orders, t.lineitem
    orders = orders[(orders.o_orderdate >= day("1993-07-01")) & (orders.o_orderdate < day("1993-10-01"))]
    late = items[items.l_commitdate < items.l_receiptdate]
    late_orders = orders.merge(late, left_on="o_orderkey", right_on="l_orderkey", how="leftsemi")
    counts = late_orders.groupby("o_orderpriority").o_orderkey.count()
    return counts.rename("order_count").reset_index().sort_values("o_orderpriority")


def q05(t: Tables) -> Any:
    regions, orders = t.region, t.orders
    regions = regions[regions.r_name == "ASIA"]
    orders = orders[(orders.o_orderdate >= day("1994-01-01")) & (orders.o_orderdate < day("1995-01-01"))]
    joined = (
        regions.merge(t.nation, left_on="r_regionkey", right_on="n_regionkey")
        .merge(t.customer, left_on="n_nationkey", right_on="c_nationkey")
        .merge(orders, left_on="c_custkey", right_on="o_custkey")
        .merge(t.lineitem, left_on="o_orderkey", right_on="l_orderkey")
        .merge(t.supplier, left_on=["l_suppkey", "n_nationkey"], right_on=["s_suppkey", "s_nationkey"])
    )
    sums = revenue(joined).groupby("n_name").revenue.sum()
    return sums.reset_index().sort_values("revenue", ascending=False)


def q06(t: Tables) -> Any:
    items = t.lineitem
    items = items[
        (items.l_shipdate >= day("1994-01-01"))
        & (items.l_shipdate < day("1995-01-01"))
        & items.l_discount.between(0.05, 0.07)
        & (items.l_quantity < 24)
    ]
    return (items.l_extendedprice * items.l_discount).sum()


def q07(t: Tables) -> Any:
    items, nations = t.lineitem, t.nation
    items = items[items.l_shipdate.between(day("1995-01-01"), day("1996-12-31"))]
    nations = nations[nations.n_name.isin(["FRANCE", "GERMANY"])]
    supplying = nations.rename(columns={"n_name": "supp_nation", "n_nationkey": "supp_key"})
    buying = nations.rename(columns={"n_name": "cust_nation", "n_nationkey": "cust_key"})
    suppliers = supplying[["supp_nation", "supp_key"]].merge(
        t.supplier, left_on="supp_key", right_on="s_nationkey"
    )
    orders = (
        buying[["cust_nation", "cust_key"]]
        .merge(t.customer, left_on="cust_key", right_on="c_nationkey")
        .merge(t.orders, left_on="c_custkey", right_on="o_custkey")
    )
    joined = items.merge(suppliers, left_on="l_suppkey", right_on="s_suppkey").merge(
        orders, left_on="l_orderkey", right_on="o_orderkey"
    )
    joined = revenue(joined[joined.supp_nation != joined.cust_nation])
    joined = joined.assign(l_year=joined.l_shipdate.dt.year)
    keys = ["supp_nation", "cust_nation", "l_year"]
    return joined.groupby(keys).revenue.sum().reset_index().sort_values(keys)


def q08(t: Tables) -> Any:
    regions, parts, orders = t.region, t.part, t.orders
    regions = regions[regions.r_name == "AMERICA"]
    parts = parts[parts.p_type == "ECONOMY ANODIZED STEEL"]
    orders = orders[orders.o_orderdate.between(day("1995-01-01"), day("1996-12-31"))]
    buyers = regions.merge(t.nation, left_on="r_regionkey", right_on="n_regionkey").merge(
        t.customer, left_on="n_nationkey", right_on="c_nationkey"
    )[["c_custkey"]]
    suppliers = t.supplier.merge(t.nation, left_on="s_nationkey", right_on="n_nationkey")
    joined = (
        parts.merge(t.lineitem, left_on="p_partkey", right_on="l_partkey")
        .merge(orders, left_on="l_orderkey", right_on="o_orderkey")
        .merge(buyers, left_on="o_custkey", right_on="c_custkey")
        .merge(suppliers, left_on="l_suppkey", right_on="s_suppkey")
    )
    joined = revenue(joined).assign(o_year=joined.o_orderdate.dt.year)
    joined = joined.assign(brazil=joined.revenue.where(joined.n_name == "BRAZIL", 0.0))
    years = joined.groupby("o_year")[["brazil", "revenue"]].sum().reset_index()
    return years.assign(mkt_share=years.brazil / years.revenue)[["o_year", "mkt_share"]].sort_values("o_year")


def q09(t: Tables) -> Any:
    parts = t.part
    parts = parts[parts.p_name.str.contains("green", regex=False)]
    suppliers = t.supplier.merge(t.nation, left_on="s_nationkey", right_on="n_nationkey")
    joined = (
        parts.merge(t.lineitem, left_on="p_partkey", right_on="l_partkey")
        .merge(t.partsupp, left_on=["l_partkey", "l_suppkey"], right_on=["ps_partkey", "ps_suppkey"])
        .merge(suppliers, left_on="l_suppkey", right_on="s_suppkey")
        .merge(t.orders, left_on="l_orderkey", right_on="o_orderkey")
    )
    profit = joined.l_extendedprice * (1 - joined.l_discount) - joined.ps_supplycost * joined.l_quantity
    joined = joined.assign(sum_profit=profit, o_year=joined.o_orderdate.dt.year)
    sums = joined.groupby(["n_name", "o_year"]).sum_profit.sum().reset_index()
    return sums.sort_values(["n_name", "o_year"], ascending=[True, False])


def q10(t: Tables) -> Any:
    orders, items = t.orders, t.lineitem
    orders = orders[(orders.o_orderdate >= day("1993-10-01")) & (orders.o_orderdate < day("1994-01-01"))]
    items = items[items.l_returnflag == "R"]
    joined = (
        orders.merge(t.customer, left_on="o_custkey", right_on="c_custkey")
        .merge(items, left_on="o_orderkey", right_on="l_orderkey")
        .merge(t.nation, left_on="c_nationkey", right_on="n_nationkey")
    )
    keys = ["c_custkey", "c_name", "c_acctbal", "c_phone", "n_name", "c_address", "c_comment"]
    sums = revenue(joined).groupby(keys).revenue.sum().reset_index()
    columns = ["c_custkey", "c_name", "revenue", "c_acctbal", "n_name", "c_address", "c_phone", "c_comment"]
    return sums.sort_values("revenue", ascending=False).head(20, npartitions=-1, compute=False)[columns]


def q11(t: Tables) -> Any:
    nations = t.nation
    nations = nations[nations.n_name == "GERMANY"]
    stock = t.partsupp.merge(t.supplier, left_on="ps_suppkey", right_on="s_suppkey").merge(
        nations, left_on="s_nationkey", right_on="n_nationkey"
    )
    stock = stock.assign(value=stock.ps_supplycost * stock.ps_availqty)
    values = stock.groupby("ps_partkey").value.sum().reset_index()
    values = values[values.value > stock.value.sum() * (0.0001 / t.scale)]
    return values.sort_values("value", ascending=False)


def q12(t: Tables) -> Any:
    items = t.lineitem
    items = items[
        items.l_shipmode.isin(["MAIL", "SHIP"])
        & (items.l_commitdate < items.l_receiptdate)
        & (items.l_shipdate < items.l_commitdate)
        & (items.l_receiptdate >= day("1994-01-01"))
        & (items.l_receiptdate < day("1995-01-01"))
    ]
    joined = t.orders.merge(items, left_on="o_orderkey", right_on="l_orderkey")
    is_high = joined.o_orderpriority.isin(["1-URGENT", "2-HIGH"])
    joined = joined.assign(high_line_count=is_high.astype(int), low_line_count=(~is_high).astype(int))
    counts = joined.groupby("l_shipmode")[["high_line_count", "low_line_count"]].sum()
    return counts.reset_index().sort_values("l_shipmode")


def q13(t: Tables) -> Any:
    orders = t.orders
    orders = orders[~orders.o_comment.str.contains("special.*requests")]
    joined = t.customer.merge(orders, left_on="c_custkey", right_on="o_custkey", how="left")
    counts = joined.groupby("c_custkey").o_orderkey.count().rename("c_count").reset_index()
    customers = counts.groupby("c_count").size().rename("custdist").reset_index()
    return customers.sort_values(["custdist", "c_count"], ascending=[False, False])


def q14(t: Tables) -> Any:
    items = t.lineitem
    items = items[(items.l_shipdate >= day("1995-09-01")) & (items.l_shipdate < day("1995-10-01"))]
    joined = revenue(items.merge(t.part, left_on="l_partkey", right_on="p_partkey"))
    promoted = joined[joined.p_type.str.startswith("PROMO")]
    return 100 * promoted.revenue.sum() / joined.revenue.sum()


def q15(t: Tables) -> Any:
    items = t.lineitem
    items = items[(items.l_shipdate >= day("1996-01-01")) & (items.l_shipdate < day("1996-04-01"))]
    sums = revenue(items).groupby("l_suppkey").revenue.sum().rename("total_revenue").reset_index()
    best = sums[sums.total_revenue == sums.total_revenue.max()]
    joined = t.supplier.merge(best, left_on="s_suppkey", right_on="l_suppkey")
    columns = ["s_suppkey", "s_name", "s_address", "s_phone", "total_revenue"]
    return joined[columns].sort_values("s_suppkey")


def q16(t: Tables) -> Any:
    parts, suppliers = t.part, t.supplier
    parts = parts[
        (parts.p_brand != "Brand#45")
        & ~parts.p_type.str.startswith("MEDIUM POLISHED")
        & parts.p_size.isin([49, 14, 23, 45, 19, 3, 36, 9])
    ]
    suppliers = suppliers[~suppliers.s_comment.str.contains("Customer.*Complaints")]
    offers = t.partsupp.merge(suppliers, left_on="ps_suppkey", right_on="s_suppkey").merge(
        parts, left_on="ps_partkey", right_on="p_partkey"
    )
    keys = ["p_brand", "p_type", "p_size"]
    counts = offers.groupby(keys).ps_suppkey.nunique().rename("supplier_cnt").reset_index()
    return counts.sort_values(["supplier_cnt", *keys], ascending=[False, True, True, True])[
        [*keys, "supplier_cnt"]
    ]


def q17(t: Tables) -> Any:
    parts = t.part
    parts = parts[(parts.p_brand == "Brand#23") & (parts.p_container == "MED BOX")]
    items = parts.merge(t.lineitem, left_on="p_partkey", right_on="l_partkey")
    means = items.groupby("p_partkey").l_quantity.mean().rename("mean_quantity").reset_index()
    joined = items.merge(means, on="p_partkey")
    small = joined[joined.l_quantity < 0.2 * joined.mean_quantity]
    return small.l_extendedprice.sum() / 7.0


def q18(t: Tables) -> Any:
    quantities = t.lineitem.groupby("l_orderkey").l_quantity.sum().rename("sum_quantity").reset_index()
    large = quantities[quantities.sum_quantity > 300]
    joined = t.orders.merge(large, left_on="o_orderkey", right_on="l_orderkey").merge(
        t.customer, left_on="o_custkey", right_on="c_custkey"
    )
    columns = ["c_name", "c_custkey", "o_orderkey", "o_orderdate", "o_totalprice", "sum_quantity"]
    return (
        joined[columns]
        .sort_values(["o_totalprice", "o_orderdate"], ascending=[False, True])
        .head(100, npartitions=-1, compute=False)
    )


def q19(t: Tables) -> Any:
    items = t.lineitem
    items = items[items.l_shipmode.isin(["AIR", "AIR REG"]) & (items.l_shipinstruct == "DELIVER IN PERSON")]
    joined = items.merge(t.part, left_on="l_partkey", right_on="p_partkey")

    def kind(brand: str, size: int, least: int, boxes: list[str]) -> Any:
        return (
            (joined.p_brand == brand)
            & joined.p_container.isin(boxes)
            & joined.l_quantity.between(least, least + 10)
            & joined.p_size.between(1, size)
        )

    chosen = joined[
        kind("Brand#12", 5, 1, ["SM CASE", "SM BOX", "SM PACK", "SM PKG"])
        | kind("Brand#23", 10, 10, ["MED BAG", "MED BOX", "MED PKG", "MED PACK"])
        | kind("Brand#34", 15, 20, ["LG CASE", "LG BOX", "LG PACK", "LG PKG"])
    ]
    return (chosen.l_extendedprice * (1 - chosen.l_discount)).sum()


def q20(t: Tables) -> Any:
    items, parts, nations = t.lineitem, t.part, t.nation
    items = items[(items.l_shipdate >= day("1994-01-01")) & (items.l_shipdate < day("1995-01-01"))]
    parts = parts[parts.p_name.str.startswith("forest")]
    nations = nations[nations.n_name == "CANADA"]
    shipped = items.groupby(["l_partkey", "l_suppkey"]).l_quantity.sum().reset_index()
    stock = t.partsupp.merge(parts, left_on="ps_partkey", right_on="p_partkey").merge(
        shipped, left_on=["ps_partkey", "ps_suppkey"], right_on=["l_partkey", "l_suppkey"]
    )
    excess = stock[stock.ps_availqty > 0.5 * stock.l_quantity][["ps_suppkey"]].drop_duplicates()
    suppliers = t.supplier.merge(nations, left_on="s_nationkey", right_on="n_nationkey")
    found = suppliers.merge(excess, left_on="s_suppkey", right_on="ps_suppkey")
    return found[["s_name", "s_address"]].sort_values("s_name")


def q21(t: Tables) -> Any:
    items, orders, nations = t.lineitem, t.orders, t.nation
    orders = orders[orders.o_orderstatus == "F"]
    nations = nations[nations.n_name == "SAUDI ARABIA"]
    late = items[items.l_receiptdate > items.l_commitdate]
    n_suppliers = items.groupby("l_orderkey").l_suppkey.nunique().rename("n_suppliers").reset_index()
    n_late = late.groupby("l_orderkey").l_suppkey.nunique().rename("n_late").reset_index()
    suppliers = t.supplier.merge(nations, left_on="s_nationkey", right_on="n_nationkey")
    waiting = (
        late.merge(suppliers, left_on="l_suppkey", right_on="s_suppkey")
        .merge(orders, left_on="l_orderkey", right_on="o_orderkey")
        .merge(n_suppliers[n_suppliers.n_suppliers > 1], on="l_orderkey")
        .merge(n_late[n_late.n_late == 1], on="l_orderkey")
    )
    counts = waiting.groupby("s_name").size().rename("numwait").reset_index()
    return counts.sort_values(["numwait", "s_name"], ascending=[False, True]).head(
        100, npartitions=-1, compute=False
    )


def q22(t: Tables) -> Any:
    customers = t.customer
    customers = customers.assign(cntrycode=customers.c_phone.str.slice(0, 2))
    customers = customers[customers.cntrycode.isin(["13", "31", "23", "29", "30", "18", "17"])]
    mean = customers[customers.c_acctbal > 0].c_acctbal.mean()
    rich = customers[customers.c_acctbal > mean]
    joined = rich.merge(t.orders[["o_custkey"]], left_on="c_custkey", right_on="o_custkey", how="left")
    idle = joined[joined.o_custkey.isna()]
    sums = idle.groupby("cntrycode").agg(numcust=("c_custkey", "count"), totacctbal=("c_acctbal", "sum"))
    return sums.reset_index().sort_values("cntrycode")


QUERIES: dict[str, Callable[[Tables], Any]] = {
    f.__name__: f
    for f in (
        *(q01, q02, q03, q04, q05, q06, q07, q08, q09, q10, q11),
        *(q12, q13, q14, q15, q16, q17, q18, q19, q20, q21, q22),
    )
}
