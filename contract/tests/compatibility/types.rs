//! Types and signatures as text: two texts are the same where a module sees the same.
//! A type with a name is its interface and its name; what it is made of is compared under that name.

use wit_parser::{Function, FunctionKind, Handle, Resolve, Type, TypeDef, TypeDefKind, TypeId, TypeOwner};

/// `get`, `document.get`, `document constructor`.
pub(crate) fn function_name(function: &Function) -> String {
    match function.name.strip_prefix("[constructor]") {
        Some(resource) => format!("{resource} constructor"),
        None => function.name.rsplit(']').next().unwrap_or_default().to_owned(),
    }
}

/// `func(pointer: string) -> option<types.value>`; the first parameter of a method is left out.
pub(crate) fn signature(resolve: &Resolve, function: &Function) -> String {
    let (word, skipped) = match function.kind {
        FunctionKind::Freestanding => ("func", 0),
        FunctionKind::AsyncFreestanding => ("async func", 0),
        FunctionKind::Method(_) => ("func", 1),
        FunctionKind::AsyncMethod(_) => ("async func", 1),
        FunctionKind::Static(_) => ("static func", 0),
        FunctionKind::AsyncStatic(_) => ("static async func", 0),
        FunctionKind::Constructor(_) => ("constructor", 0),
    };
    let params = function.params.iter().skip(skipped);
    let params: Vec<_> = params.map(|param| format!("{}: {}", param.name, of(resolve, &param.ty))).collect();
    let result = function.result.as_ref().map(|ty| format!(" -> {}", of(resolve, ty))).unwrap_or_default();
    format!("{word}({}){result}", params.join(", "))
}

/// Whether the definition is `use other.{name}`.
pub(crate) fn is_use(resolve: &Resolve, definition: &TypeDef) -> bool {
    match definition.kind {
        TypeDefKind::Type(Type::Id(id)) => resolve.types[id].owner != definition.owner,
        _ => false,
    }
}

/// `enum { create, update }`.
pub(crate) fn definition(resolve: &Resolve, definition: &TypeDef) -> String {
    let cased = |name: &str, ty: Option<&Type>| match ty {
        Some(ty) => format!("{name}({})", of(resolve, ty)),
        None => name.to_owned(),
    };
    let listed = |word: &str, parts: Vec<String>| format!("{word} {{ {} }}", parts.join(", "));
    match &definition.kind {
        TypeDefKind::Record(record) => {
            let field = |field: &wit_parser::Field| format!("{}: {}", field.name, of(resolve, &field.ty));
            listed("record", record.fields.iter().map(field).collect())
        }
        TypeDefKind::Variant(variant) => {
            listed("variant", variant.cases.iter().map(|case| cased(&case.name, case.ty.as_ref())).collect())
        }
        TypeDefKind::Enum(one) => listed("enum", one.cases.iter().map(|case| case.name.clone()).collect()),
        TypeDefKind::Flags(flags) => listed("flags", flags.flags.iter().map(|flag| flag.name.clone()).collect()),
        TypeDefKind::Resource => "resource".to_owned(),
        TypeDefKind::Type(ty) => format!("type {}", of(resolve, ty)),
        _ => format!("type {}", unnamed(resolve, definition)),
    }
}

fn of(resolve: &Resolve, ty: &Type) -> String {
    match ty {
        Type::Id(id) => by_id(resolve, *id),
        primitive => format!("{primitive:?}").to_lowercase(),
    }
}

fn by_id(resolve: &Resolve, id: TypeId) -> String {
    let definition = &resolve.types[id];
    match (&definition.name, definition.owner, &definition.kind) {
        // What is used of another interface is that interface's.
        (Some(_), _, TypeDefKind::Type(Type::Id(used))) if is_use(resolve, definition) => by_id(resolve, *used),
        (Some(name), TypeOwner::Interface(id), _) => {
            format!("{}.{name}", resolve.interfaces[id].name.as_deref().unwrap_or_default())
        }
        (Some(name), TypeOwner::World(_) | TypeOwner::None, _) => name.clone(),
        (None, ..) => unnamed(resolve, definition),
    }
}

fn unnamed(resolve: &Resolve, definition: &TypeDef) -> String {
    let optional = |ty: &Option<Type>| ty.as_ref().map_or_else(|| "_".to_owned(), |ty| of(resolve, ty));
    match &definition.kind {
        TypeDefKind::Handle(Handle::Own(id)) => by_id(resolve, *id),
        TypeDefKind::Handle(Handle::Borrow(id)) => format!("borrow<{}>", by_id(resolve, *id)),
        TypeDefKind::Option(ty) => format!("option<{}>", of(resolve, ty)),
        TypeDefKind::List(ty) => format!("list<{}>", of(resolve, ty)),
        TypeDefKind::Result(result) => format!("result<{}, {}>", optional(&result.ok), optional(&result.err)),
        TypeDefKind::Tuple(tuple) => {
            let types: Vec<_> = tuple.types.iter().map(|ty| of(resolve, ty)).collect();
            format!("tuple<{}>", types.join(", "))
        }
        other => panic!("{} is not compared yet", other.as_str()),
    }
}
