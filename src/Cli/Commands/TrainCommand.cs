namespace Functional.Cli;
static class TrainCommand { public static CommandSpec Spec => new("train", "x", [], null); }
