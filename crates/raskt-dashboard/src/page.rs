//! The page: its files, which are in `dashboard/` of the repository, and reports made of them.

/// A file of the page: path, type, content.
pub type File = (&'static str, &'static str, &'static str);

const SCRIPT: &str = "text/javascript; charset=utf-8";

const INDEX: &str = include_str!("../../../dashboard/index.html");
const STYLE: &str = include_str!("../../../dashboard/style.css");
/// The modules, each after those that it imports.
const MODULES: [File; 13] = [
    ("/format.js", SCRIPT, include_str!("../../../dashboard/format.js")),
    ("/theme.js", SCRIPT, include_str!("../../../dashboard/theme.js")),
    ("/elements.js", SCRIPT, include_str!("../../../dashboard/elements.js")),
    ("/model.js", SCRIPT, include_str!("../../../dashboard/model.js")),
    ("/charts.js", SCRIPT, include_str!("../../../dashboard/charts.js")),
    ("/views.js", SCRIPT, include_str!("../../../dashboard/views.js")),
    ("/graph.js", SCRIPT, include_str!("../../../dashboard/graph.js")),
    ("/flames.js", SCRIPT, include_str!("../../../dashboard/flames.js")),
    ("/critical.js", SCRIPT, include_str!("../../../dashboard/critical.js")),
    ("/worker.js", SCRIPT, include_str!("../../../dashboard/worker.js")),
    ("/panels.js", SCRIPT, include_str!("../../../dashboard/panels.js")),
    ("/compare.js", SCRIPT, include_str!("../../../dashboard/compare.js")),
    ("/page.js", SCRIPT, include_str!("../../../dashboard/page.js")),
];

/// Pages.
const VIEWS: [&str; 17] = [
    "status",
    "workers",
    "worker",
    "events",
    "critical",
    "tasks",
    "graph",
    "memory",
    "system",
    "profile",
    "transfers",
    "retraction",
    "errors",
    "explain",
    "hardware",
    "configuration",
    "plots",
];
/// Plots that have a page alone.
const PLOTS: [&str; 13] = [
    "stream",
    "progress",
    "memory",
    "cpu",
    "running",
    "workers",
    "functions",
    "graph",
    "profile",
    "disk",
    "network",
    "transfers",
    "retraction",
];

/// The file at `path`.
pub fn file(path: &str) -> Option<File> {
    match path {
        "/" => Some(("/", "text/html; charset=utf-8", INDEX)),
        "/style.css" => Some(("/style.css", "text/css; charset=utf-8", STYLE)),
        _ => MODULES.into_iter().find(|(at, _, _)| *at == path).or_else(|| view(path)),
    }
}

/// The page at one of its views: all are one file, which looks at its own address.
fn view(path: &str) -> Option<File> {
    let is_view = VIEWS.iter().any(|view| path.strip_prefix('/') == Some(view));
    let is_plot = path.strip_prefix("/plot-").is_some_and(|plot| PLOTS.contains(&plot));
    (is_view || is_plot).then_some(("/", "text/html; charset=utf-8", INDEX))
}

/// One file that needs nothing else: the page with its style, its program, what a [`Watch`](crate::Watch) saw, and further
/// topics as one object in JSON: `summary` (pairs of texts), `profile` (as the page's own).
#[must_use]
pub fn report(title: &str, history: &str, topics: &str) -> String {
    let program: String = MODULES.iter().map(|(_, _, text)| inlined(text)).collect();
    let title = title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let style = format!("<style>\n{STYLE}</style>");
    // JSON of a history has no character that could end its element; others have it in texts alone.
    let topics = topics.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    let data = |id, json| format!("<script type=\"application/json\" id=\"{id}\">{json}</script>\n");
    let (history, topics) = (data("recorded", history), data("topics", &topics));
    let program = format!("{history}{topics}<script type=\"module\">\n{program}</script>");
    let page = INDEX.replace("<title>Raskt</title>", &format!("<title>{title}</title>"));
    let page = page.replace("<link rel=\"stylesheet\" href=\"style.css\">", &style);
    // Last: nothing in what was recorded is looked through for other marks.
    page.replace("<script type=\"module\" src=\"page.js\"></script>", &program)
}

/// A module as part of a larger one: what it imports stands before it.
fn inlined(module: &str) -> String {
    let lines = module.lines().filter(|line| !line.starts_with("import ") && *line != "\"use strict\";");
    lines.flat_map(|line| [line.strip_prefix("export ").unwrap_or(line), "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_holds_all_it_needs() {
        let page = report("<b> & more", "{\"now\":1}", "{\"summary\":[[\"</script>\",\"\"]]}");
        assert!(page.contains("<title>&lt;b&gt; &amp; more</title>"));
        assert!(page.contains("<script type=\"application/json\" id=\"recorded\">{\"now\":1}</script>"));
        assert!(page.contains("id=\"topics\">{\"summary\":[[\"\\u003c/script\\u003e\",\"\"]]}</script>"));
        assert!(!page.contains("href=\"style.css\"") && !page.contains("src=\"page.js\""));
        assert!(!page.contains("\nimport ") && !page.contains("\nexport "));
    }

    #[test]
    fn pages_load_nothing_from_elsewhere() {
        for (path, _, text) in MODULES.into_iter().chain([("/", "", INDEX), ("/style.css", "", STYLE)]) {
            for mark in ["http://", "https://", "//cdn", "@import", "innerHTML", "eval("] {
                assert!(!text.contains(mark), "{path} contains {mark}");
            }
        }
    }
}
