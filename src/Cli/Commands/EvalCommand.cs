namespace Functional.Cli;
static class EvalCommand { public static CommandSpec Spec => new("eval", "x", [], null); }
