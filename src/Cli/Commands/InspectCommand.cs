namespace Functional.Cli;
static class InspectCommand { public static CommandSpec Spec => new("inspect", "x", [], null); }
