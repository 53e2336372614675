using Functional.Samples;

Console.Write(WhatAMaskDoes.Text());
