using Functional.Base;
using LanguageExt;

namespace Functional.Cli;

/// <summary>Several checked values at once: all of them, or every fault of all.</summary>
static class Checks
{
    public static (A, B) Checked<A, B>(this (Validation<Fault, A> A, Validation<Fault, B> B) all) => all.Apply(static (a, b) => (a, b)).OrThrow();

    public static (A, B, C) Checked<A, B, C>(this (Validation<Fault, A> A, Validation<Fault, B> B, Validation<Fault, C> C) all) =>
        all.Apply(static (a, b, c) => (a, b, c)).OrThrow();

    public static (A, B, C, D) Checked<A, B, C, D>(this (Validation<Fault, A> A, Validation<Fault, B> B, Validation<Fault, C> C, Validation<Fault, D> D) all) =>
        all.Apply(static (a, b, c, d) => (a, b, c, d)).OrThrow();
}
