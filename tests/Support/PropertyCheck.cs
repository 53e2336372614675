#if !PUBLIC_FEED
using System.Reflection;
using FsCheck;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using TestResult = FsCheck.TestResult;

namespace Functional.Testing;

/// <summary>A property was falsified, or its precondition discarded too many cases.</summary>
public sealed class PropertyFailedException(string message, Exception? cause) : Exception(message, cause);

/// <summary>Checks one property method; the test case calls it, and so can a test of the checking itself.</summary>
public static class PropertyCheck
{
    /// <summary>Checks <paramref name="method"/> on <paramref name="target"/>, as its attribute asks.</summary>
    /// <exception cref="PropertyFailedException">The property does not hold.</exception>
    public static void Run(MethodInfo method, object? target, Action<string> output)
    {
        var attribute = method.GetCustomAttribute<PropertyAttribute>()
            ?? throw new ArgumentException($"{method.Name} is not marked [Property]", nameof(method));
        var recorder = new Recorder(output);
        var context = SynchronizationContext.Current;
        // FsCheck waits for a property's task; the waiting thread may be the context's only one.
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            Check.Method(attribute.ToConfig(method, recorder), method,
                target is null ? FSharpOption<object>.None : FSharpOption<object>.Some(target));
        }
        finally { SynchronizationContext.SetSynchronizationContext(context); }
        recorder.ThrowUnlessPassed();
    }

    static string Explain(TestResult.Failed failed)
    {
        var (data, original, shrunk) = (failed.Item1, failed.Item2, failed.Item3);
        string[] parts =
        [
            $"Falsified by case {data.NumberOfTests}, after {data.NumberOfShrinks} shrinks.",
            .. data.Labels.Select(label => $"Label: {label}"),
            $"Shrunk: {Runner.argumentsToString(shrunk)}",
            $"Original: {Runner.argumentsToString(original)}",
            $"Replay this case: [Property(Replay = \"{Seeds.Print(failed.Item6, failed.Item7)}\")]",
            $"Replay the run: [Property(Replay = \"{Seeds.Print(failed.Item5, null)}\")]",
        ];
        return string.Join(Environment.NewLine, parts);
    }

    sealed class Recorder(Action<string> output) : IRunner
    {
        TestResult? result;

        public void OnStartFixture(Type t) { }

        public void OnArguments(
            int n, FSharpList<object> args, FSharpFunc<int, FSharpFunc<FSharpList<object>, string>> every) =>
            Write(every.Invoke(n).Invoke(args));

        public void OnShrink(FSharpList<object> args, FSharpFunc<FSharpList<object>, string> everyShrink) =>
            Write(everyShrink.Invoke(args));

        public void OnFinished(string name, TestResult testResult) => result = testResult;

        public void ThrowUnlessPassed()
        {
            switch (result)
            {
                case TestResult.Passed passed:
                    if (!passed.Item2) Write(Runner.onFinishedToString("", result));
                    break;
                case TestResult.Failed failed:
                    throw new PropertyFailedException(Explain(failed), (failed.Item4 as Outcome.Failed)?.Item);
                default:
                    throw new PropertyFailedException(Runner.onFinishedToString("", result), null);
            }
        }

        void Write(string text)
        {
            if (text.Length > 0) output(text.TrimEnd());
        }
    }
}
#endif
