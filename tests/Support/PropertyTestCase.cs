#if !PUBLIC_FEED
using System.Diagnostics;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace Functional.Testing;

/// <summary>Turns a method marked <see cref="PropertyAttribute"/> into a test case.</summary>
public sealed class PropertyDiscoverer : IXunitTestCaseDiscoverer
{
    /// <inheritdoc/>
    public ValueTask<IReadOnlyCollection<IXunitTestCase>> Discover(
        ITestFrameworkDiscoveryOptions discoveryOptions, IXunitTestMethod testMethod, IFactAttribute factAttribute)
    {
        var d = TestIntrospectionHelper.GetTestCaseDetails(discoveryOptions, testMethod, factAttribute);
        return new([testMethod.IsGenericMethodDefinition
            ? new ExecutionErrorTestCase(d.ResolvedTestMethod, d.TestCaseDisplayName, d.UniqueID,
                d.SourceFilePath, d.SourceLineNumber, "[Property] methods may not be generic.")
            : new PropertyTestCase(d.ResolvedTestMethod, d.TestCaseDisplayName, d.UniqueID, d.Explicit,
                d.SkipExceptions, d.SkipReason, d.SkipType, d.SkipUnless, d.SkipWhen,
                testMethod.Traits.ToDictionary(t => t.Key, t => t.Value.ToHashSet(), StringComparer.OrdinalIgnoreCase),
                sourceFilePath: d.SourceFilePath, sourceLineNumber: d.SourceLineNumber, timeout: d.Timeout)]);
    }
}

/// <summary>A test case that asks FsCheck for its arguments instead of bringing them.</summary>
public sealed class PropertyTestCase : XunitTestCase, ISelfExecutingXunitTestCase
{
    /// <summary>For the deserialiser.</summary>
    [Obsolete("Called by the de-serializer; should only be called by deriving classes for de-serialization purposes")]
    public PropertyTestCase() { }

    internal PropertyTestCase(
        IXunitTestMethod testMethod, string testCaseDisplayName, string uniqueID, bool @explicit,
        Type[]? skipExceptions, string? skipReason, Type? skipType, string? skipUnless, string? skipWhen,
        Dictionary<string, HashSet<string>> traits, string? sourceFilePath, int? sourceLineNumber, int? timeout)
        : base(testMethod, testCaseDisplayName, uniqueID, @explicit, skipExceptions, skipReason, skipType,
            skipUnless, skipWhen, traits, null, sourceFilePath, sourceLineNumber, timeout) { }

    // The base would match arguments to parameters here, and there are none yet.
    /// <inheritdoc/>
    public override ValueTask<IReadOnlyCollection<IXunitTest>> CreateTests() =>
        new([new XunitTest(this, TestMethod, Explicit, SkipReason, SkipType, SkipUnless, SkipWhen, TestCaseDisplayName,
            testIndex: 0, Traits.ToDictionary(t => t.Key, t => (IReadOnlyCollection<string>)t.Value), Timeout, [])]);

    /// <inheritdoc/>
    public async ValueTask<RunSummary> Run(
        ExplicitOption explicitOption, IMessageBus messageBus, object?[] constructorArguments,
        ExceptionAggregator aggregator, CancellationTokenSource cancellationTokenSource)
    {
        var tests = await aggregator.RunAsync(CreateTests, []).ConfigureAwait(false);
        return await new CaseRunner().Run(this, tests, messageBus, aggregator, cancellationTokenSource,
            TestCaseDisplayName, SkipReason, explicitOption, constructorArguments).ConfigureAwait(false);
    }

    sealed class CaseRunner : XunitTestCaseRunner
    {
        protected override ValueTask<RunSummary> RunTest(XunitTestCaseRunnerContext ctxt, IXunitTest test) =>
            new MethodRunner().Run(test, ctxt.MessageBus, ctxt.ConstructorArguments, ctxt.ExplicitOption,
                ctxt.Aggregator.Clone(), ctxt.CancellationTokenSource, ctxt.BeforeAfterTestAttributes);
    }

    sealed class MethodRunner : XunitTestRunner
    {
        protected override ValueTask<TimeSpan> InvokeTest(XunitTestRunnerContext ctxt, object? testClassInstance)
        {
            var clock = Stopwatch.StartNew();
            ctxt.Aggregator.Run(() => PropertyCheck.Run(
                ctxt.TestMethod, testClassInstance, line => TestContext.Current.TestOutputHelper?.WriteLine(line)));
            return new(clock.Elapsed);
        }
    }
}
#endif
