//! Properties of edits of files of every kind: nothing but the named scalar changes, in whatever quotes and with whatever
//! around it, and a list of all images says what each says by itself.

use proptest::prelude::{ProptestConfig, Strategy, any, prop, prop_assert, prop_assert_eq, proptest};
use tagship::image::ImageArgument;
use tagship::targets::{Absent, edit, entries};

/// A kind of file: its path, the name of the image in it, and a text with `%` in place of the scalar.
struct Kind {
    path: &'static str,
    name: &'static str,
    text: &'static str,
    holds: Holds,
}

#[derive(Clone, Copy, PartialEq)]
enum Holds {
    Tag,
    Reference,
}

const NAME: &str = "reg.example:5000/team/app";

const KINDS: [Kind; 15] = [
    Kind {
        path: "v.yaml",
        name: "image",
        text: "image:\n  repository: reg.example:5000/team/app\n  tag: %\n  pullPolicy: Always\n",
        holds: Holds::Tag,
    },
    Kind {
        path: "v.yaml",
        name: "a.list[1].image",
        text: "a:\n  list:\n  - image: x/y:v9\n  - image: %\n    other: [1, {b: c}]\n",
        holds: Holds::Reference,
    },
    Kind {
        path: "prod/web",
        name: "app_image_tag",
        text: "other_image_tag: v1.2.3\napp_image_tag: %\n",
        holds: Holds::Tag,
    },
    Kind {
        path: "r.yaml",
        name: "web.image",
        text: "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec:\n  values:\n    web:\n      image: %\n    proxy: {image: x/y:v1}\n",
        holds: Holds::Reference,
    },
    Kind {
        path: "m.yaml",
        name: "app",
        text: "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  template:\n    spec:\n      initContainers:\n      - name: init\n        image: x/y:v1\n      containers:\n      - name: app\n        image: %\n        args: [app]\n",
        holds: Holds::Reference,
    },
    Kind {
        path: "m.yaml",
        name: "app",
        text: "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: p}\n  spec:\n    containers:\n    - image: %\n      name: app\n",
        holds: Holds::Reference,
    },
    Kind {
        path: "compose.yaml",
        name: "app",
        text: "services:\n  app:\n    image: %\n    ports: [80]\n  db: {image: db:v1}\n",
        holds: Holds::Reference,
    },
    Kind {
        path: "k.yaml",
        name: "app",
        text: "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec:\n  path: ./app\n  images:\n  - name: app\n    newName: reg.example:5000/team/app\n    newTag: %\n",
        holds: Holds::Tag,
    },
    Kind {
        path: "a.yaml",
        name: "app",
        text: "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n    kustomize:\n      images:\n      - x/y:v1\n      - app=%\n",
        holds: Holds::Reference,
    },
    Kind {
        path: "a.yaml",
        name: "image",
        text: "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  sources:\n  - helm:\n      parameters:\n      - name: image.repository\n        value: reg.example:5000/team/app\n      - name: image.tag\n        value: %\n",
        holds: Holds::Tag,
    },
    Kind {
        path: "a.yaml",
        name: "web.image",
        text: "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nspec:\n  template:\n    spec:\n      source:\n        helm:\n          valuesObject:\n            web:\n              image: %\n",
        holds: Holds::Reference,
    },
    Kind {
        path: ".argocd-source-web.yaml",
        name: "image",
        text: "helm:\n  values: |\n    # é\n    image:\n      repository: reg.example:5000/team/app\n      tag: %\n    end: 1\n",
        holds: Holds::Tag,
    },
    Kind {
        path: "o.yaml",
        name: "OCIRepository/app",
        text: "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: app}\nspec:\n  url: oci://reg.example:5000/team/app\n  ref:\n    tag: %\n",
        holds: Holds::Tag,
    },
    Kind {
        path: "o.yaml",
        name: ".spec.ref",
        text: "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nspec:\n  url: oci://reg.example:5000/team/app\n  ref:\n    tag: %\n",
        holds: Holds::Tag,
    },
    Kind {
        path: "v.yaml",
        name: "flux-system:app",
        text: "a: reg.example:5000/team/app # {\"$imagepolicy\": \"flux-system:app:name\"}\nb: x\nc: % # {\"$imagepolicy\": \"flux-system:app:tag\"}\nd: v1.2.3 # {\"$imagepolicy\": \"flux-system:db:tag\"}\n",
        holds: Holds::Tag,
    },
];

/// A file of some kind, in which one scalar is to change.
#[derive(Debug, Clone)]
struct File {
    kind: usize,
    before: String,
    value: String,
    after: String,
}

impl File {
    fn text(&self) -> String {
        format!("{}{}{}", self.before, self.value, self.after)
    }
}

fn in_quotes(text: &str, quote: usize) -> String {
    [text.to_owned(), format!("'{text}'"), format!("\"{text}\"")][quote].clone()
}

fn files() -> impl Strategy<Value = File> {
    let around = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (0..KINDS.len(), 0usize..3, around).prop_map(|(kind, quote, (comments, crlf, mark, second))| {
        let Kind { text, holds, .. } = &KINDS[kind];
        let (before, after) = text.split_once('%').unwrap();
        // What stands before `=` in an item is part of the scalar.
        let (before, key) = before.strip_suffix("app=").map_or((before, ""), |before| (before, "app="));
        let version = if *holds == Holds::Tag { "v1.2.3".to_owned() } else { format!("{key}{NAME}:v1.2.3") };
        let mut file =
            File { kind, before: before.to_owned(), value: in_quotes(&version, quote), after: after.to_owned() };
        if comments {
            file.before = format!("# é — 日本\n\n{before}");
            file.after =
                if after.trim_start().starts_with('#') { after.to_owned() } else { format!("  # see v1{after}") };
        }
        if second {
            file.before = format!("---\n# nothing\n---\n{}", file.before);
        }
        if crlf {
            (file.before, file.after) = (file.before.replace('\n', "\r\n"), file.after.replace('\n', "\r\n"));
        }
        if mark {
            file.before.insert(0, '\u{feff}');
        }
        file
    })
}

const TAGS: [&str; 6] = ["v2", "1.10", "0574186", "7e3", "1.2.3-rc.1", "v1.2.3"];

/// The strings of all scalars of a text, as yaml-rust2 reads them.
fn scalars(text: &str) -> Vec<String> {
    use yaml_rust2::parser::{Event, Parser};
    let mut parser = Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut scalars = Vec::new();
    loop {
        match parser.next_token().unwrap().0 {
            Event::StreamEnd => return scalars,
            Event::Scalar(value, ..) => scalars.push(value),
            _ => {}
        }
    }
}

proptest! {
    // What is found becomes a case in `tests/files`, not a seed that says nothing to its reader.
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn only_the_named_scalar_changes(file in files(), tag in prop::sample::select(&TAGS[..])) {
        let Kind { path, name, .. } = &KINDS[file.kind];
        let source = file.text();
        let arguments = [format!("{name}=*:{tag}").parse::<ImageArgument>().unwrap()];
        let first = edit(path, source.as_bytes(), &arguments, Absent::Report).unwrap();
        let text = std::str::from_utf8(&first.text).unwrap();
        let value = text.strip_prefix(&file.before).and_then(|text| text.strip_suffix(&file.after));
        prop_assert!(value.is_some(), "{text}");
        let asked = file.value.replace("v1.2.3", tag);
        let plain = asked.trim_matches(['"', '\'']);
        prop_assert!([asked.clone(), format!("'{plain}'"), format!("\"{plain}\"")].contains(&value.unwrap().to_owned()), "{text}");
        prop_assert_eq!(value == Some(&file.value), tag == "v1.2.3");
        let changed: Vec<_> = scalars(&source).into_iter().zip(scalars(text)).filter(|(old, new)| old != new).collect();
        prop_assert_eq!(changed.len(), usize::from(tag != "v1.2.3"));
        // Values that are text are one scalar, quotes and all.
        let is_asked = |(old, new): &(String, String)| old.replacen("v1.2.3", tag, 1).replace('"', "") == new.replace('"', "");
        prop_assert!(changed.iter().all(is_asked), "{changed:?}");
        let entry = &first.entries[0];
        let is_known = source.contains(NAME);
        prop_assert_eq!(entry.image_name(), is_known.then_some(NAME));
        prop_assert_eq!(entry.after.new_tag.as_deref(), Some(tag));
        prop_assert_eq!(entry.fields.len(), usize::from(tag != "v1.2.3"));
        let second = edit(path, text.as_bytes(), &arguments, Absent::Report).unwrap();
        prop_assert!(!second.changed() && second.text == first.text);
        let said = entries(path, text.as_bytes(), Some(name)).unwrap();
        prop_assert_eq!(&said[0].1, &entry.after);
    }

    #[test]
    fn any_text_ends_in_a_result_or_a_reason(
        parts in prop::collection::vec(0usize..PARTS.len(), 0..24),
        kinds in prop::collection::vec(0usize..KINDS.len(), 0..3),
        tag in prop::sample::select(&TAGS[..]),
        named in 0usize..KINDS.len(),
        path in prop::sample::select(&["v.yaml", "kustomization.yaml", ".argocd-source-a.yaml"][..]),
    ) {
        let mut source: String = parts.iter().map(|part| PARTS[*part]).collect();
        for kind in kinds {
            source = format!("{source}---\n{}", KINDS[kind].text.replace('%', "v1"));
        }
        let arguments = [format!("{}=*:{tag}", KINDS[named].name).parse::<ImageArgument>().unwrap()];
        match edit(path, source.as_bytes(), &arguments, Absent::Report) {
            Ok(first) => {
                prop_assert_eq!(first.changed(), first.text != source.as_bytes());
                let second = edit(path, &first.text, &arguments, Absent::Report).unwrap();
                prop_assert!(!second.changed());
            }
            Err(error) => prop_assert!(!error.in_file(path).is_empty()),
        }
        for (name, fields) in entries(path, source.as_bytes(), None).unwrap_or_default() {
            if let Ok(said) = entries(path, source.as_bytes(), Some(&name)) {
                prop_assert!(said.iter().any(|(_, said)| *said == fields), "{name}: {source}");
            }
        }
    }
}

const PARTS: [&str; 31] = [
    "image:\n",
    "  repository: a/b\n",
    "  tag: v1\n",
    "  tag:\n",
    "  digest: ''\n",
    "app:\n",
    "web:\n",
    "  image: a/b:v1\n",
    "services:\n",
    "apiVersion: v1\nkind: Pod\n",
    "spec:\n",
    "  containers:\n",
    "  - name: app\n",
    "    image: a/b:v1\n",
    "helm:\n",
    "  values: |\n",
    "    image: a/b:v1\n",
    "&a ",
    "*a\n",
    "<<: *a\n",
    "{",
    "}",
    "[",
    "]",
    ", ",
    "---\n",
    "\r\n",
    "\t",
    "# {\"$imagepolicy\": \"flux-system:app\"}\n",
    "é",
    "images:\n- name: app\n  newTag: v1\n",
];
