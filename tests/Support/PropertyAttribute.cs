#if !PUBLIC_FEED
using System.Reflection;
using System.Runtime.CompilerServices;
using FsCheck;
using Microsoft.FSharp.Core;
using Xunit;
using Xunit.v3;

namespace Functional.Testing;

/// <summary>
/// Runs a test method as an FsCheck property: its parameters are generated, its result (nothing, a
/// <see cref="bool"/>, a <see cref="Property"/> or a task) is the verdict.
/// </summary>
/// <remarks>
/// The seed follows from the test's full name, so a run repeats. The environment variable
/// <c>FUNCTIONAL_SEED</c> chooses others: <c>random</c>, or a number. A failure prints the seed that
/// <see cref="Replay"/> takes.
/// </remarks>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer(typeof(PropertyDiscoverer))]
public sealed class PropertyAttribute(
    [CallerFilePath] string? sourceFilePath = null,
    [CallerLineNumber] int sourceLineNumber = -1) : FactAttribute(sourceFilePath, sourceLineNumber)
{
    /// <summary>Seed to start from: <c>"(seed,gamma)"</c>, or <c>"(seed,gamma,size)"</c> for one case alone.</summary>
    public string? Replay { get; set; }

    /// <summary>Number of cases that must pass.</summary>
    public int MaxTest { get; set; } = 100;

    /// <summary>Number of cases that may be discarded by a precondition.</summary>
    public int MaxRejected { get; set; } = 1000;

    /// <summary>Size of the first case.</summary>
    public int StartSize { get; set; } = 1;

    /// <summary>Size of the last case; sizes grow linearly in between.</summary>
    public int EndSize { get; set; } = 100;

    /// <summary>Classes whose public static members return the generators to use; the first has priority.</summary>
    public Type[] Arbitrary { get; set; } = [];

    /// <summary>Writes every generated case to the test's output.</summary>
    public bool Verbose { get; set; }

    /// <summary>Writes nothing to the test's output when the property holds.</summary>
    public bool QuietOnSuccess { get; set; }

    internal Config ToConfig(MethodInfo method, IRunner runner) =>
        Config.Default
            .WithReplay(FSharpOption<Replay>.Some(Seeds.Parse(Replay) ?? Seeds.For(method)))
            .WithMaxTest(MaxTest)
            .WithMaxRejected(MaxRejected)
            .WithStartSize(StartSize)
            .WithEndSize(EndSize)
            .WithQuietOnSuccess(QuietOnSuccess)
            .WithArbitrary(Arbitrary)
            .WithEvery(Verbose ? Config.Verbose.Every : Config.Quick.Every)
            .WithEveryShrink(Verbose ? Config.Verbose.EveryShrink : Config.Quick.EveryShrink)
            .WithRunner(runner);
}
#endif
