//! How requests and answers travel.

use raskt_core::Result;
use raskt_core::encode::{Decode, Decoder, Encode, Encoder};

use super::request::{Answer, GuardRequest, Item, ItemRequest, RecordRequest, Refusal, Request};
use crate::time::Time;

/// Variants with their numbers, and fields one after the other.
macro_rules! variants {
    ($type:ident, $what:literal: $(
        $tag:literal $variant:ident $(($($item:ident),*))? $({$($field:ident),*})?
    ),* $(,)?) => {
        impl Encode for $type {
            fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
                match self {$(
                    Self::$variant $(($($item),*))? $({$($field),*})? => {
                        out.byte($tag);
                        $($($item.encode(out)?;)*)?
                        $($($field.encode(out)?;)*)?
                    }
                )*}
                Ok(())
            }
        }

        impl Decode for $type {
            fn decode(input: &mut Decoder<'_>) -> Result<Self> {
                Ok(match input.byte()? {
                    $($tag => {
                        $($(let $item = Decode::decode(input)?;)*)?
                        $($(let $field = Decode::decode(input)?;)*)?
                        Self::$variant $(($($item),*))? $({$($field),*})?
                    })*
                    tag => return Err(input.unknown_tag($what, tag)),
                })
            }
        }
    };
}

variants!(Request, "request": 0 Guard(request), 1 Item(request), 2 Record(request));

variants!(GuardRequest, "request for a guard":
    0 Acquire { names, n },
    1 ReleaseLocks(number),
    2 IsLocked(name),
    3 AcquireLease { name, n_max },
    4 RefreshLeases(numbers),
    5 ReleaseLease(number),
    6 CountLeases(name),
    7 CloseSemaphore(name),
    8 Set(name),
    9 Clear(name),
    10 IsSet(name),
    11 AwaitSet(name),
);

variants!(ItemRequest, "request for items":
    0 OpenQueue { name, n_max },
    1 CloseQueue(name),
    2 Put(name, item),
    3 Get { name, n_min, n_max },
    4 CountItems(name),
    5 SetVariable(name, item),
    6 GetVariable(name),
    7 DeleteVariable(name),
    8 Subscribe(topic),
    9 Unsubscribe(topic),
    10 Publish(topic, item),
);

variants!(Refusal, "refusal":
    0 TooMany { n, n_max },
    1 NotHeld(number),
    2 OtherSize { name, n_max },
    3 Closed(name),
    4 Exists(name),
    5 Missing(name),
    6 NotAPlace(path),
);

variants!(RecordRequest, "request for a record":
    0 Log(topic, bytes),
    1 GetLog(topic),
    2 ListLogs,
    3 PublishDataset { name, item, replaces },
    4 UnpublishDataset(name),
    5 GetDataset(name),
    6 ListDatasets,
    7 SetMetadata(path, bytes),
    8 GetMetadata(path),
);

variants!(Answer, "answer to a request":
    0 Done,
    1 Flag(is_so),
    2 Number(n),
    3 Items(items),
    4 Names(names),
    5 Metadata(entries),
    6 Log(entries),
    7 GivenUp,
    8 Refused(refusal),
);

impl Encode for Item {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        self.bytes.encode(out)?;
        self.keys.encode(out)
    }
}

impl Decode for Item {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Ok(Self { bytes: Decode::decode(input)?, keys: Decode::decode(input)? })
    }
}

impl Encode for Time {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        self.0.encode(out)
    }
}

impl Decode for Time {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Decode::decode(input).map(Self)
    }
}
