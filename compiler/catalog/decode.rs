//! From the YAML of an entry to its type, with the line of what does not fit.
//!
//! A serde front end over [`tagged::Node`]; the types say what an entry may hold. Tags have no
//! place in an entry: only templates are evaluated.

use std::fmt;

use serde::de::{self, DeserializeOwned, DeserializeSeed, Visitor};

use crate::syntax::tagged::{self, At, Fault, Key, Node, Yaml};

/// Reads and decodes one file.
///
/// # Errors
/// The first place that is no YAML, or does not fit the type.
pub fn decode<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    decode_node(&tagged::parse(text)?)
}

/// Decodes what was read.
///
/// # Errors
/// The first place that does not fit the type.
pub fn decode_node<T: DeserializeOwned>(node: &Node) -> Result<T, Fault> {
    T::deserialize(De(node)).map_err(|e| Fault { at: e.at.unwrap_or(node.at), message: e.message })
}

#[derive(Debug)]
struct Misfit {
    at: Option<At>,
    message: String,
}

impl Misfit {
    /// The innermost place wins.
    fn within(mut self, at: At) -> Self {
        self.at.get_or_insert(at);
        self
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Misfit {}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Misfit { at: None, message: message.to_string() }
    }
}

struct De<'n>(&'n Node);

impl<'de> de::Deserializer<'de> for De<'_> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let node = self.0;
        if let Some(tag) = &node.tag {
            let message = format!("the tag `!{tag}` in an entry; only templates are evaluated");
            return Err(Misfit { at: Some(node.at), message });
        }
        match &node.value {
            Yaml::Null => visitor.visit_unit(),
            Yaml::Bool(b) => visitor.visit_bool(*b),
            Yaml::Int(i) => visitor.visit_i64(*i),
            Yaml::Float(f) => visitor.visit_f64(*f),
            Yaml::Str(s) => visitor.visit_str(s),
            Yaml::Seq(items) => visitor.visit_seq(Items(items.iter())),
            Yaml::Map(entries) => visitor.visit_map(Entries { entries: entries.iter(), value: None }),
        }
        .map_err(|e| e.within(node.at))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0.value {
            Yaml::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        let at = self.0.at;
        match &self.0.value {
            Yaml::Str(_) => visitor.visit_enum(Variant { name: self.0, key: None, content: None }),
            Yaml::Map(entries) if entries.len() == 1 => {
                let (key, content) = &entries[0];
                visitor.visit_enum(Variant { name: self.0, key: Some(key), content: Some(content) })
            }
            _ => Err(de::Error::custom(format!("{}, where one word or one key is due", self.0.kind()))),
        }
        .map_err(|e| e.within(at))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct Items<'n>(std::slice::Iter<'n, Node>);

impl<'de> de::SeqAccess<'de> for Items<'_> {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Misfit> {
        self.0.next().map(|node| seed.deserialize(De(node)).map_err(|e| e.within(node.at))).transpose()
    }
}

struct Entries<'n> {
    entries: std::slice::Iter<'n, (Key, Node)>,
    value: Option<&'n Node>,
}

impl<'de> de::MapAccess<'de> for Entries<'_> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Misfit> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(Word(key)).map(Some).map_err(|e| e.within(key.at))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Misfit> {
        let node = self.value.take().ok_or_else(|| de::Error::custom("a key without a value"))?;
        seed.deserialize(De(node)).map_err(|e| e.within(node.at))
    }
}

/// A key, as serde asks for it.
struct Word<'n>(&'n Key);

impl<'de> de::Deserializer<'de> for Word<'_> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_str(&self.0.text).map_err(|e: Misfit| e.within(self.0.at))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_enum(de::value::StrDeserializer::<Misfit>::new(&self.0.text))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// `word`, or `{word: content}`.
struct Variant<'n> {
    name: &'n Node,
    key: Option<&'n Key>,
    content: Option<&'n Node>,
}

impl<'de, 'n> de::EnumAccess<'de> for Variant<'n> {
    type Error = Misfit;
    type Variant = Content<'n>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Content<'n>), Misfit> {
        let value = match self.key {
            Some(key) => seed.deserialize(Word(key))?,
            None => seed.deserialize(De(self.name))?,
        };
        Ok((value, Content(self.content)))
    }
}

struct Content<'n>(Option<&'n Node>);

impl<'de> de::VariantAccess<'de> for Content<'_> {
    type Error = Misfit;

    fn unit_variant(self) -> Result<(), Misfit> {
        match self.0 {
            None => Ok(()),
            Some(node) => Err(Misfit { at: Some(node.at), message: "this word takes nothing".to_owned() }),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Misfit> {
        match self.0 {
            Some(node) => seed.deserialize(De(node)).map_err(|e| e.within(node.at)),
            None => Err(de::Error::custom("this word needs a value: `{word: value}`")),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Misfit> {
        self.struct_variant(&[], visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Some(node) => de::Deserializer::deserialize_any(De(node), visitor),
            // A word alone is the word with no keys; what is required is then said to be missing.
            None => visitor.visit_map(Entries { entries: [].iter(), value: None }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::decode;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Thing {
        name: String,
        #[serde(default)]
        by: Vec<By>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "kebab-case")]
    enum By {
        Lanes,
        Service { port: u16 },
    }

    #[test]
    fn words_and_keys_are_enums() {
        let thing: Thing = decode("name: a\nby: [lanes, {service: {port: 9100}}]\n").unwrap();
        assert_eq!(thing, Thing { name: "a".into(), by: vec![By::Lanes, By::Service { port: 9100 }] });
    }

    #[test]
    fn misfits_point_at_the_innermost_place() {
        for (text, line, part) in [
            ("name: a\nby:\n  - service:\n      port: no\n", 4, "u16"),
            ("name: a\nbuy: 1\n", 2, "buy"),
            ("by: []\n", 1, "name"),
            ("name: !expr a\n", 1, "!expr"),
            ("name: a\nby: [lanez]\n", 2, "lanez"),
        ] {
            let fault = decode::<Thing>(text).unwrap_err();
            assert_eq!(fault.at.line, line, "{text}{fault:?}");
            assert!(fault.message.contains(part), "{text}{fault:?}");
        }
    }
}
