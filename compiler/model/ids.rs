//! Indexes of the fleet's things. They are only ever made by `fleet/`, in the order of names, so
//! that a number means the same whatever the order of files and blocks.

macro_rules! index {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

index! {
    /// Into [`Fleet::clusters`](super::fleet::Fleet).
    ClusterId,
    /// Into [`Fleet::zones`](super::fleet::Fleet).
    ZoneId,
    /// Into [`Fleet::stores`](super::fleet::Fleet).
    StoreId,
    /// Into [`Fleet::routes`](super::fleet::Fleet).
    RouteId,
    /// Into [`Fleet::alertmanagers`](super::fleet::Fleet).
    AlertmanagerId,
}
